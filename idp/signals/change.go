package signals

import (
	"context"
	"strings"

	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/revocation"
)

// The house tells of its changes in three places, each in the transaction of the
// change: the journal (Journalled), the session store (SessionEnded,
// AssuranceChanged) and the revocation log (Revoked). What is asked here must stay
// cheap for the changes that are nobody's business: an action that is not in the
// table costs one look into it.

// translate makes an event of a journal entry.
type translate func(e journal.Entry) event

// changes are the actions of the journal that receivers hear of.
var changes = map[string]translate{
	"member.added":   claimsChange,
	"member.changed": claimsChange,
	"member.removed": claimsChange,

	"password.set":           credential("password", "update"),
	"totp.confirmed":         credential("app", "create"),
	"totp.replaced":          credential("app", "update"),
	"totp.removed":           credential("app", "delete"),
	"totp.disconnected":      credential("app", "delete"),
	"passkey.added":          credential("fido2-roaming", "create"),
	"passkey.removed":        credential("fido2-roaming", "delete"),
	"passkey.locked":         credential("fido2-roaming", "revoke"),
	"certificate.bound":      credential("x509", "create"),
	"certificate.unbound":    credential("x509", "delete"),
	"certificate.revoked":    credential("x509", "revoke"),
	"pin.set":                credential("pin", "create"),
	"pin.changed":            credential("pin", "update"),
	"pin.reset":              credential("pin", "revoke"),
	"recovery_codes.made":    credential("recovery-codes", "create"),
	"recovery_codes.removed": credential("recovery-codes", "delete"),

	"person.blocked":         account(AccountDisabled),
	"person.unblocked":       account(AccountEnabled),
	"person.closed":          account(AccountPurged),
	"recovery.begun":         account(RecoveryActivated),
	"person.contact_changed": account(RecoveryInformation),

	"organisation.closed": closing,
}

// claimsChange: somebody has come into an organisation, has other rights there, or
// has left it. Of his permissions the next token tells; what is told here is enough
// to drop the old one.
func claimsChange(e journal.Entry) event {
	roles := []string{}
	if role := e.Details["role"]; role != "" {
		roles = append(roles, role)
	}
	return event{
		kind: TokenClaimsChange, personID: e.Details["person"], organisationID: e.Organisation,
		about:  map[string]any{"claims": map[string]any{"org": map[string]string{"id": e.Organisation}, "roles": roles}},
		reason: e.Action,
	}
}

// credential: CAEP knows one kind for what passkeys are to us: something that goes
// where the person goes. A PIN belongs to what a person signs in one organisation,
// whose journal has it: it concerns that one alone.
func credential(kind, change string) translate {
	return func(e journal.Entry) event {
		about := map[string]any{"credential_type": kind, "change_type": change}
		if kind == "x509" && e.Details["issuer"] != "" {
			about["x509_issuer"] = e.Details["issuer"]
		}
		return event{kind: CredentialChange, personID: e.Object, organisationID: e.Organisation, about: about, reason: e.Action}
	}
}

// account: RISC events name the person and no more.
func account(kind string) translate {
	return func(e journal.Entry) event { return event{kind: kind, personID: e.Object} }
}

// closing: nobody acts for the organisation any more.
func closing(e journal.Entry) event {
	return event{kind: SessionRevoked, organisationID: e.Object, reason: e.Action}
}

// deletion ends the streams of a client.
const deletion = "client.deleted"

// Journalled is told of each journal entry, in its transaction.
func (s *Signals) Journalled(ctx context.Context, e journal.Entry) error {
	if e.Action == deletion {
		return s.forget(ctx, e.Object)
	}
	translated, ok := changes[e.Action]
	if !ok || e.Outcome != "success" {
		return nil
	}
	happened := translated(e)
	if happened.kind == CredentialChange || happened.kind == TokenClaimsChange || happened.kind == SessionRevoked {
		happened.initiator = initiator(e, happened.personID)
	}
	switch {
	case strings.HasPrefix(e.Action, "person.") && e.Organisation != "":
		// The same entry stands in the system's chain, for those with grants.
		return s.tell(ctx, happened, audience{owner: e.Organisation})
	case happened.personID == "":
		return s.tellOrganisation(ctx, happened)
	}
	clients, err := s.Clients.Grantees(ctx, happened.personID, happened.organisationID, s.recent())
	if err != nil {
		return err
	}
	return s.tell(ctx, happened, audience{clients: clients, owner: e.Organisation})
}

func initiator(e journal.Entry, personID string) string {
	switch e.Actor {
	case "":
		return "system"
	case personID:
		return "user"
	}
	return "admin"
}

func (s *Signals) tellOrganisation(ctx context.Context, e event) error {
	clients, err := s.Clients.OrganisationGrantees(ctx, e.organisationID, s.recent())
	if err != nil {
		return err
	}
	return s.tell(ctx, e, audience{clients: clients, owner: e.organisationID})
}

// SessionEnded is told of each session that is over, in the transaction that ends
// it: to the clients that got tokens from it, and to nobody else.
func (s *Signals) SessionEnded(ctx context.Context, sessionID string) error {
	personID, clients, err := s.Clients.SessionGrantees(ctx, sessionID)
	if err != nil || len(clients) == 0 {
		return err
	}
	return s.tell(ctx, event{kind: SessionRevoked, personID: personID, sessionID: sessionID}, audience{clients: clients})
}

// AssuranceChanged is told when a session has come to another level of assurance
// (an ACR; "" = none).
func (s *Signals) AssuranceChanged(ctx context.Context, sessionID, previous, current string) error {
	personID, clients, err := s.Clients.SessionGrantees(ctx, sessionID)
	if err != nil || len(clients) == 0 {
		return err
	}
	about := map[string]any{"namespace": "urn:propusk", "current_level": current, "change_direction": "increase"}
	if previous > current { // "" < urn:propusk:1 < urn:propusk:2 < urn:propusk:qualified
		about["change_direction"] = "decrease"
	}
	if previous != "" {
		about["previous_level"] = previous
	}
	e := event{kind: AssuranceLevelChange, personID: personID, sessionID: sessionID, about: about, initiator: "user"}
	return s.tell(ctx, e, audience{clients: clients})
}

// Revoked is told of each revocation, in its transaction. Most have a journal entry
// or a session of their own; rights by power of attorney have only this.
func (s *Signals) Revoked(ctx context.Context, e revocation.Entry) error {
	if e.Kind != revocation.KindPower {
		return nil
	}
	personID, organisationID, _ := strings.Cut(e.Key, "/")
	clients, err := s.Clients.Grantees(ctx, personID, organisationID, s.recent())
	if err != nil {
		return err
	}
	happened := event{
		kind: SessionRevoked, personID: personID, organisationID: organisationID,
		initiator: "policy", reason: "power_of_attorney.changed",
	}
	return s.tell(ctx, happened, audience{clients: clients})
}

// The kinds of the jobs by which changes come from processes that transmit nothing:
// commands of the operator.
const (
	entryJob      = "signals.entry"
	revocationJob = "signals.revocation"
)

// Later follows a journal in a process that has no Signals: a node that has one
// tells of the change.
func Later(db *storage.DB) func(ctx context.Context, e journal.Entry) error {
	return func(ctx context.Context, e journal.Entry) error {
		if _, ok := changes[e.Action]; !ok && e.Action != deletion {
			return nil
		}
		return jobs.Enqueue(ctx, db, entryJob, e)
	}
}

// LaterRevoked is Later for a revocation log.
func LaterRevoked(db *storage.DB) func(ctx context.Context, e revocation.Entry) error {
	return func(ctx context.Context, e revocation.Entry) error {
		if e.Kind != revocation.KindPower {
			return nil
		}
		return jobs.Enqueue(ctx, db, revocationJob, e)
	}
}

func (s *Signals) entry(ctx context.Context, job jobs.Job) error {
	var e journal.Entry
	if err := job.Decode(&e); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context) error { return s.Journalled(ctx, e) })
}

func (s *Signals) revocation(ctx context.Context, job jobs.Job) error {
	var e revocation.Entry
	if err := job.Decode(&e); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context) error { return s.Revoked(ctx, e) })
}
