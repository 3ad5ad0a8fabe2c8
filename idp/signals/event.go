package signals

import (
	"slices"

	"propusk/storage"
)

// The events of this transmitter.
const (
	caep = "https://schemas.openid.net/secevent/caep/event-type/"
	risc = "https://schemas.openid.net/secevent/risc/event-type/"
	ssf  = "https://schemas.openid.net/secevent/ssf/event-type/"

	SessionRevoked       = caep + "session-revoked"        // CAEP §3.1
	TokenClaimsChange    = caep + "token-claims-change"    // CAEP §3.2
	CredentialChange     = caep + "credential-change"      // CAEP §3.3
	AssuranceLevelChange = caep + "assurance-level-change" // CAEP §3.4

	AccountDisabled     = risc + "account-disabled"             // RISC §2.3
	AccountEnabled      = risc + "account-enabled"              // RISC §2.4
	AccountPurged       = risc + "account-purged"               // RISC §2.2
	RecoveryActivated   = risc + "recovery-activated"           // RISC §2.9
	RecoveryInformation = risc + "recovery-information-changed" // RISC §2.10

	// Verification and StreamUpdated belong to the stream itself: they are
	// delivered whatever it asked for (SSF §8.1.4, §8.1.5).
	Verification  = ssf + "verification"
	StreamUpdated = ssf + "stream-updated"
)

// supported are the events that a receiver may ask for.
var supported = []string{
	SessionRevoked, TokenClaimsChange, CredentialChange, AssuranceLevelChange,
	AccountDisabled, AccountEnabled, AccountPurged, RecoveryActivated, RecoveryInformation,
}

// delivered are those of the events asked for that there are, in our order.
func delivered(requested []string) []string {
	list := []string{}
	for _, event := range supported {
		if slices.Contains(requested, event) {
			list = append(list, event)
		}
	}
	return list
}

// event is something that happened, before it is known who is to hear of it.
type event struct {
	kind           string
	personID       string // "" = everybody of the organisation
	sessionID      string // "" = no session in particular
	organisationID string // "" = no organisation in particular
	about          map[string]any
	initiator      string // CAEP §2: admin, user, policy, system
	reason         string // for the receiver's administrators, in English
}

// subjectID is a subject identifier (RFC 9493 §3).
type subjectID struct {
	Format  string     `json:"format"`
	Issuer  string     `json:"iss,omitempty"`
	Subject string     `json:"sub,omitempty"`
	ID      string     `json:"id,omitempty"`
	User    *subjectID `json:"user,omitempty"`
	Session *subjectID `json:"session,omitempty"`
	Tenant  *subjectID `json:"tenant,omitempty"`
}

func (s *Signals) user(subject string) *subjectID {
	return &subjectID{Format: "iss_sub", Issuer: s.Issuer, Subject: subject}
}

func opaque(id string) *subjectID { return &subjectID{Format: "opaque", ID: id} }

// subject names whom the event is about as the receiver knows him: a person alone
// by iss_sub (RFC 9493 §3.2.3), otherwise the complex subject of what there is (SSF
// §3.3).
func (s *Signals) subject(e event, person string) *subjectID {
	if e.sessionID == "" && e.organisationID == "" {
		return s.user(person)
	}
	subject := &subjectID{Format: "complex"}
	if person != "" {
		subject.User = s.user(person)
	}
	if e.sessionID != "" {
		subject.Session = opaque(e.sessionID)
	}
	if e.organisationID != "" {
		subject.Tenant = opaque(e.organisationID)
	}
	return subject
}

// set is the payload of a SET in the profile of SSF §11.1: sub_id, one event, and
// neither sub nor exp, so that it cannot be taken for another kind of token.
type set struct {
	Issuer   string                    `json:"iss"`
	ID       string                    `json:"jti"`
	IssuedAt int64                     `json:"iat"`
	Audience string                    `json:"aud"`
	Txn      string                    `json:"txn,omitempty"`
	Subject  *subjectID                `json:"sub_id"`
	Events   map[string]map[string]any `json:"events"`
}

// typeSET is the typ of a SET (RFC 8417 §2.3).
const typeSET = "secevent+jwt"

// set is the event as it is told to one client.
func (s *Signals) set(e event, clientID, person, txn string, now storage.Time) set {
	about := map[string]any{}
	for name, value := range e.about {
		about[name] = value
	}
	if e.kind != Verification && e.kind != StreamUpdated {
		about["event_timestamp"] = now.Time().Unix()
	}
	if e.initiator != "" {
		about["initiating_entity"] = e.initiator
	}
	if e.reason != "" {
		about["reason_admin"] = map[string]string{"en": e.reason}
	}
	return set{
		Issuer: s.Issuer, ID: storage.NewID(), IssuedAt: now.Time().Unix(), Audience: clientID, Txn: txn,
		Subject: s.subject(e, person), Events: map[string]map[string]any{e.kind: about},
	}
}
