package request

// Event is what happens to a request. The upper ones are ours, the lower ones are
// an authority's (authority.Answer.Event) or the support's.
type Event string

// The events.
const (
	EventReply    Event = "reply"    // the organisation writes to the other side
	EventTake     Event = "take"     // it marks a requirement «Принято к исполнению»
	EventWithdraw Event = "withdraw" // it takes its request back
	EventClose    Event = "close"    // it needs nothing more
	EventExpire   Event = "expire"   // the due date has passed

	EventDelivered     Event = "delivered"
	EventAccepted      Event = "accepted"
	EventRefused       Event = "refused"
	EventEntered       Event = "entered"
	EventClarification Event = "clarification"
	EventInWork        Event = "in_work"
	EventExpertise     Event = "expertise"
	EventApproved      Event = "approved"
	EventQuestion      Event = "question"
	EventMessage       Event = "message"
	EventResult        Event = "result"
	EventResolved      Event = "resolved"
)

// Events lists all of them.
func Events() []Event {
	return []Event{
		EventReply, EventTake, EventWithdraw, EventClose, EventExpire,
		EventDelivered, EventAccepted, EventRefused, EventEntered, EventClarification, EventInWork,
		EventExpertise, EventApproved, EventQuestion, EventMessage, EventResult, EventResolved,
	}
}

// moves is what each event makes of a status.
type moves map[Event]Status

// initial is where a request of a type begins, when the organisation sends it.
var initial = map[Type]Status{
	Application: Submitted, Appeal: Processing, Correction: Processing,
	Message: Sent, Ticket: Registered, Requirement: Open,
}

// Initial is the status that a new request has.
func Initial(t Type, d Direction) Status {
	if t == Message && d == In {
		return Received
	}
	return initial[t]
}

// machines holds one state machine for each type. What is not listed does not
// happen: an act of ours is refused, a word of an authority enters the thread and
// leaves the status as it is.
var machines = map[Type]map[Status]moves{
	Application: applicationMachine,
	Appeal:      appealMachine,
	Correction:  appealMachine,
	Requirement: requirementMachine,
	Message:     messageMachine,
	Ticket:      ticketMachine,
}

// applicationMachine: rows 196 and 197. An authority may go back and forth
// between work, expertise and questions until it decides.
var applicationMachine = map[Status]moves{
	Submitted:     undecided(Submitted, moves{EventDelivered: InReview, EventAccepted: InReview, EventEntered: InReview}),
	InReview:      undecided(InReview, nil),
	InWork:        undecided(InWork, nil),
	Expertise:     undecided(Expertise, nil),
	Clarification: undecided(Clarification, moves{EventReply: InReview}),
	Approved:      {EventResult: Approved, EventMessage: Approved},
	Rejected:      {EventMessage: Rejected},
	Withdrawn:     {},
}

// undecided is what can happen to an application that waits in status s.
func undecided(s Status, other moves) moves {
	m := moves{
		EventReply: s, EventDelivered: s, EventAccepted: s, EventEntered: s, EventQuestion: s, EventMessage: s,
		EventInWork: InWork, EventExpertise: Expertise, EventClarification: Clarification,
		EventApproved: Approved, EventResult: Approved, EventRefused: Rejected, EventWithdraw: Withdrawn,
	}
	for event, to := range other {
		m[event] = to
	}
	return m
}

// appealMachine: «В обработке» → «На рассмотрении» → «Решено», «Просрочено» by
// itself at the due date (rows 209, 210). What is overdue stays so until decided.
var appealMachine = map[Status]moves{
	Processing: unresolved(Processing, InReview, moves{EventExpire: Overdue}),
	InReview:   unresolved(InReview, InReview, moves{EventExpire: Overdue}),
	Overdue:    unresolved(Overdue, Overdue, nil),
	Resolved:   {EventMessage: Resolved},
	Rejected:   {EventMessage: Rejected},
	Withdrawn:  {},
}

// unresolved is what can happen to an appeal in status s that under review has
// status review.
func unresolved(s, review Status, other moves) moves {
	m := moves{
		EventReply: s, EventDelivered: s, EventQuestion: s, EventMessage: s,
		EventAccepted: review, EventEntered: review, EventInWork: review, EventExpertise: review, EventClarification: review,
		EventApproved: Resolved, EventResult: Resolved, EventResolved: Resolved, EventRefused: Rejected,
		EventWithdraw: Withdrawn,
	}
	for event, to := range other {
		m[event] = to
	}
	return m
}

// requirementMachine: rows 218 and 219. After an answer the authority is content
// (done) or asks again, which puts it back to be executed.
var requirementMachine = map[Status]moves{
	Open: {
		EventTake: Accepted, EventReply: Answered, EventExpire: Overdue, EventResolved: Done,
		EventMessage: Open, EventQuestion: Open, EventClarification: Open, EventDelivered: Open,
	},
	Accepted: {
		EventReply: Answered, EventExpire: Overdue, EventResolved: Done,
		EventMessage: Accepted, EventQuestion: Accepted, EventClarification: Accepted, EventDelivered: Accepted,
	},
	Answered: {
		EventReply: Answered, EventDelivered: Answered, EventMessage: Answered, EventInWork: Answered, EventExpertise: Answered,
		EventAccepted: Done, EventEntered: Done, EventApproved: Done, EventResult: Done, EventResolved: Done,
		EventClarification: Accepted, EventQuestion: Accepted, EventRefused: Accepted,
	},
	Overdue: {
		EventTake: Overdue, EventReply: Answered, EventResolved: Done, EventClarification: Accepted,
		EventMessage: Overdue, EventQuestion: Overdue, EventDelivered: Overdue,
	},
	Done: {EventMessage: Done},
}

// messageMachine: words between the organisation and an authority (row 221).
var messageMachine = map[Status]moves{
	Sent:      waiting(Sent),
	Delivered: waiting(Delivered),
	Answered: {
		EventReply: Sent, EventDelivered: Answered, EventMessage: Answered, EventQuestion: Answered,
		EventResult: Answered, EventResolved: Closed, EventClose: Closed,
	},
	Received: {EventReply: Replied, EventMessage: Received, EventQuestion: Received, EventResolved: Closed, EventClose: Closed},
	Replied: {
		EventReply: Replied, EventDelivered: Replied, EventAccepted: Replied, EventEntered: Replied, EventInWork: Replied,
		EventMessage: Received, EventQuestion: Received, EventClarification: Received, EventRefused: Received,
		EventResult: Closed, EventResolved: Closed, EventClose: Closed,
	},
	Rejected: {EventMessage: Rejected},
	Closed:   {EventMessage: Closed},
}

// waiting is what can happen to a message of ours that nobody has answered.
func waiting(s Status) moves {
	return moves{
		EventReply: s, EventDelivered: Delivered, EventAccepted: Delivered, EventEntered: Delivered, EventInWork: Delivered,
		EventMessage: Answered, EventQuestion: Answered, EventClarification: Answered, EventResult: Answered,
		EventResolved: Closed, EventRefused: Rejected, EventClose: Closed,
	}
}

// ticketMachine: rows 262 to 264. An answer is due within a day, and again within
// a day of every further word of the organisation.
var ticketMachine = map[Status]moves{
	Registered: {
		EventReply: Registered, EventInWork: InWork, EventMessage: Answered, EventQuestion: Answered,
		EventResolved: Answered, EventExpire: Overdue, EventClose: Closed,
	},
	InWork: {
		EventReply: InWork, EventInWork: InWork, EventMessage: Answered, EventQuestion: Answered,
		EventResolved: Answered, EventExpire: Overdue, EventClose: Closed,
	},
	Overdue: {
		EventReply: Overdue, EventInWork: Overdue, EventMessage: Answered, EventQuestion: Answered,
		EventResolved: Answered, EventClose: Closed,
	},
	Answered: {EventReply: InWork, EventMessage: Answered, EventQuestion: Answered, EventResolved: Answered, EventClose: Closed},
	Closed:   {},
}

// Next is the status that an event brings a request of type t from status s to;
// false when the event does not happen there.
func Next(t Type, s Status, e Event) (Status, bool) {
	to, ok := machines[t][s][e]
	return to, ok
}

// Expires reports whether the due date changes the status by itself.
func Expires(t Type, s Status) bool {
	_, ok := Next(t, s, EventExpire)
	return ok
}

// reminded reports whether the due date is one that the organisation must keep,
// so that it is reminded of it (row 219).
func reminded(t Type, s Status) bool {
	return t == Requirement && (s == Open || s == Accepted) || t == Application && s == Clarification
}
