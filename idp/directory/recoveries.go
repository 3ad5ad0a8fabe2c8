package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"propusk/storage"
	"propusk/storage/outbox"
)

// What can be recovered.
const (
	RecoverPassword = "password"
	RecoverPIN      = "pin"
)

// The states of a recovery, in their order.
const (
	RecoveryAsked     = "asked"     // it is not known yet whom it names
	RecoveryProposed  = "proposed"  // by an operator; another one must agree
	RecoverySent      = "sent"      // the link or the code is under way
	RecoveryProved    = "proved"    // it came back
	RecoveryWaiting   = "waiting"   // every channel was told; the link follows at DueAt
	RecoveryDone      = "done"      // the new secret is set
	RecoveryCancelled = "cancelled" // by the person, by another recovery, or for naming nobody
)

// ErrRecoveryOver: the recovery cannot go on: it is done, cancelled, too old, or
// in another step.
var ErrRecoveryOver = errors.New("directory: the recovery is over")

// Recovery is one attempt to come back in. Who holds it is known by a secret in
// his browser, of which the digest is kept.
type Recovery struct {
	ID             string       `db:"id"`
	Kind           string       `db:"kind"`            // RecoverPassword, RecoverPIN
	State          string       `db:"state"`           // one of the Recovery… constants
	Channel        string       `db:"channel"`         // "email" or "sms": what was proved first
	PersonID       string       `db:"person_id"`       // "" = nobody, or not looked for yet
	OrganisationID string       `db:"organisation_id"` // of the PIN
	SecondAt       storage.Time `db:"second_at"`       // when another factor was proved
	SecondBy       string       `db:"second_by"`       // which
	ResetFactors   bool         `db:"reset_factors"`   // the other factors are lost and go
	DueAt          storage.Time `db:"due_at"`          // the end of the waiting
	ProposedBy     string       `db:"proposed_by"`     // operator
	ApprovedBy     string       `db:"approved_by"`     // another one
	Reason         string       `db:"reason"`          // why an operator helps
	CreatedAt      storage.Time `db:"created_at"`
	ExpiresAt      storage.Time `db:"expires_at"`
	EndedAt        storage.Time `db:"ended_at"`
}

const recoveryNames = `id, kind, state, channel, person_id, organisation_id, second_at, second_by, reset_factors,
	due_at, proposed_by, approved_by, reason, created_at, expires_at, ended_at`

// Assisted tells that operators help.
func (r Recovery) Assisted() bool { return r.ProposedBy != "" }

// RecoveryRequest is what somebody typed who asks for a recovery, or what an
// operator wants for him.
type RecoveryRequest struct {
	Kind    string `json:"kind"`
	Email   string `json:"email,omitempty"` // one of both
	Phone   string `json:"phone,omitempty"`
	INN     string `json:"inn,omitempty"`     // of the person, or of an organisation of his; always for a PIN
	From    string `json:"from,omitempty"`    // the address that asked, for its budget
	Mailbox string `json:"mailbox,omitempty"` // where an operator wants the link to go
}

func (q RecoveryRequest) channel() string {
	if q.Phone != "" {
		return "sms"
	}
	return "email"
}

func recoveryContext(id string) string { return "recovery/" + id }

// AskRecovery keeps what was typed, in canonical form, until expires; holder is
// the secret of the browser that asks, "" when a link will say who goes on.
// Whom it names is not looked at here: the caller's job does that, so that the
// one who asks cannot tell by the time.
func (d *Directory) AskRecovery(ctx context.Context, q RecoveryRequest, holder string, expires storage.Time) (Recovery, error) {
	r := Recovery{
		ID: storage.NewID(), Kind: q.Kind, State: RecoveryAsked, Channel: q.channel(),
		CreatedAt: d.time(), ExpiresAt: expires,
	}
	return r, d.insertRecovery(ctx, r, q, digestOf(holder))
}

func (d *Directory) insertRecovery(ctx context.Context, r Recovery, q RecoveryRequest, holderHash string) error {
	plain, err := json.Marshal(q)
	if err != nil {
		return wrapped("keep recovery", err)
	}
	_, err = d.db.Exec(ctx, `INSERT INTO recoveries (`+recoveryNames+`, sealed, link_hash, cancel_hash, holder_hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, '', '', $18)`,
		r.ID, r.Kind, r.State, r.Channel, r.PersonID, r.OrganisationID, r.SecondAt, r.SecondBy, r.ResetFactors,
		r.DueAt, r.ProposedBy, r.ApprovedBy, r.Reason, r.CreatedAt, r.ExpiresAt, r.EndedAt,
		d.sealer.Seal(plain, recoveryContext(r.ID)), holderHash)
	return wrapped("keep recovery", err)
}

// digestOf is hashToken that leaves "" alone.
func digestOf(secret string) string {
	if secret == "" {
		return ""
	}
	return hashToken(secret)
}

// RecoveryByID reads one; storage.ErrNotFound.
func (d *Directory) RecoveryByID(ctx context.Context, id string) (Recovery, error) {
	return d.recovery(ctx, `SELECT `+recoveryNames+` FROM recoveries WHERE id = $1`, id)
}

// RecoveryOf reads the live one of the browser that holds secret;
// ErrRecoveryOver when it is over, storage.ErrNotFound when there is none.
func (d *Directory) RecoveryOf(ctx context.Context, secret string) (Recovery, error) {
	r, err := d.recovery(ctx, `SELECT `+recoveryNames+` FROM recoveries WHERE holder_hash = $1 AND holder_hash <> ''`, digestOf(secret))
	if err != nil {
		return r, err
	}
	if r.EndedAt > 0 || r.ExpiresAt <= d.time() {
		return r, ErrRecoveryOver
	}
	return r, nil
}

func (d *Directory) recovery(ctx context.Context, query string, args ...any) (Recovery, error) {
	var r Recovery
	if err := d.db.Get(ctx, &r, query, args...); err != nil {
		return Recovery{}, fmt.Errorf("directory: recovery: %w", err)
	}
	return r, nil
}

// errForgotten: what was typed is not kept any more.
var errForgotten = errors.New("directory: the recovery's request is forgotten")

// recoveryRequest opens what was typed; errForgotten.
func (d *Directory) recoveryRequest(ctx context.Context, id string) (RecoveryRequest, error) {
	var sealed []byte
	if err := d.db.Get(ctx, &sealed, `SELECT sealed FROM recoveries WHERE id = $1`, id); err != nil {
		return RecoveryRequest{}, fmt.Errorf("directory: recovery request: %w", err)
	}
	var q RecoveryRequest
	if len(sealed) == 0 {
		return q, errForgotten
	}
	plain, err := d.sealer.Open(sealed, recoveryContext(id))
	if err != nil {
		return q, fmt.Errorf("directory: open recovery request: %w", err)
	}
	return q, wrapped("read recovery request", json.Unmarshal(plain, &q))
}

// Recovering is whom an asked recovery names.
type Recovering struct {
	Person         Person
	OrganisationID string // of the ИНН; "" for a person's own, or none
	From           string // the address that asked
}

// Recovering finds whom an asked recovery names. A contact that was not proved
// to be the person's names nobody. storage.ErrNotFound, and ErrBlocked, which is
// one too, together with the person.
func (d *Directory) Recovering(ctx context.Context, id string) (Recovering, error) {
	q, err := d.recoveryRequest(ctx, id)
	if err != nil {
		return Recovering{}, err
	}
	query, value := personByEmail+" AND p.email_verified = TRUE", q.Email
	if q.Phone != "" {
		query, value = personByPhone+" AND p.phone_verified = TRUE", q.Phone
	}
	found := Recovering{From: q.From}
	if err := d.db.Get(ctx, &found.Person, query, value); err != nil {
		return found, wrapped("recovering", err)
	}
	if found.OrganisationID, err = d.knownByINN(ctx, found.Person, q); err != nil {
		return Recovering{From: q.From}, err
	}
	if found.Person.Status != StatusActive {
		return found, ErrBlocked
	}
	return found, nil
}

// knownByINN holds the person against the ИНН that was typed: that of an
// organisation he is a member of, or his own. storage.ErrNotFound when it is
// neither, and for a PIN when it is no organisation's.
func (d *Directory) knownByINN(ctx context.Context, p Person, q RecoveryRequest) (organisationID string, err error) {
	if q.INN == "" {
		return "", nil
	}
	err = d.db.Get(ctx, &organisationID, `SELECT o.id FROM organisations o
		JOIN members m ON m.organisation_id = o.id AND m.removed_at = 0
		WHERE o.inn = $1 AND o.status = 'active' AND m.person_id = $2`, q.INN, p.ID)
	if errors.Is(err, storage.ErrNotFound) && q.INN == p.INN && q.Kind != RecoverPIN {
		return "", nil
	}
	return organisationID, wrapped("recovering by INN", err)
}

// SendRecovery goes on with an asked recovery of somebody who is known. By
// e-mail it sends the link; the code of an SMS is the caller's to send, in the
// same transaction. ErrRecoveryOver when it was not waiting for that.
func (d *Directory) SendRecovery(ctx context.Context, id string, found Recovering) error {
	p := found.Person
	return d.db.Tx(ctx, func(ctx context.Context) error {
		var r Recovery
		err := d.db.Get(ctx, &r, `UPDATE recoveries SET state = 'sent', person_id = $1, organisation_id = $2, sealed = $3
			WHERE id = $4 AND state = 'asked' AND expires_at > $5 RETURNING `+recoveryNames,
			p.ID, found.OrganisationID, []byte{}, id, d.time())
		if errors.Is(err, storage.ErrNotFound) {
			return ErrRecoveryOver
		}
		if err != nil {
			return wrapped("send recovery", err)
		}
		if err := d.recordRecovery(ctx, r, "recovery.begun"); err != nil {
			return err
		}
		if r.Channel == "sms" {
			return nil
		}
		return d.sendLink(ctx, r, recipient{Email: p.Email, Locale: p.Locale})
	})
}

// sendLink gives the recovery a new link and sends it; the link of before is
// dead. It leads to the issuer, whatever host a request came by.
func (d *Directory) sendLink(ctx context.Context, r Recovery, to recipient) error {
	token, hash := newToken()
	_, err := d.db.Exec(ctx, `UPDATE recoveries SET link_hash = $1 WHERE id = $2`, hash, r.ID)
	if err != nil {
		return wrapped("make recovery link", err)
	}
	link := d.baseURL + "/recovery/link/" + token
	subject, body := fill(to.Locale, recoveryLinkTexts.ru, recoveryLinkTexts.en, "{link}", link, "{until}", until(to.Locale, r.ExpiresAt.Time()))
	m := outbox.Message{Channel: "email", To: to.Email, Subject: subject, Text: body, Expires: r.ExpiresAt}
	if to.Email == "" {
		m = outbox.Message{Channel: "sms", To: to.Phone, Text: subject + ": " + link, Expires: r.ExpiresAt}
	}
	return wrapped("send recovery link", d.outbox.Send(ctx, m))
}

// MissRecovery goes on with an asked recovery that names nobody: to who asked it
// looks as if it had been sent, and nothing can prove it.
func (d *Directory) MissRecovery(ctx context.Context, id string) error {
	_, err := d.db.Exec(ctx, `UPDATE recoveries SET state = 'sent', sealed = $1 WHERE id = $2 AND state = 'asked'`, []byte{}, id)
	return wrapped("miss recovery", err)
}

// OpenRecovery spends a link, once: the browser that holds secret goes on.
// ErrRecoveryOver for a link that is unknown, spent or too old.
func (d *Directory) OpenRecovery(ctx context.Context, link, holder string, expires storage.Time) (Recovery, error) {
	return d.proveRecovery(ctx, `UPDATE recoveries SET state = 'proved', link_hash = '', holder_hash = $1, expires_at = $2
		WHERE link_hash = $3 AND link_hash <> '' AND state = 'sent' AND expires_at > $4 RETURNING `+recoveryNames,
		digestOf(holder), expires, digestOf(link), d.time())
}

// ProveRecovery records that the code of an SMS came back; holder is the new
// secret of the browser.
func (d *Directory) ProveRecovery(ctx context.Context, id, holder string, expires storage.Time) (Recovery, error) {
	return d.proveRecovery(ctx, `UPDATE recoveries SET state = 'proved', holder_hash = $1, expires_at = $2
		WHERE id = $3 AND state = 'sent' AND channel = 'sms' AND person_id <> '' AND expires_at > $4 RETURNING `+recoveryNames,
		digestOf(holder), expires, id, d.time())
}

func (d *Directory) proveRecovery(ctx context.Context, statement string, args ...any) (Recovery, error) {
	var r Recovery
	err := d.db.Tx(ctx, func(ctx context.Context) error {
		r = Recovery{}
		err := d.db.Get(ctx, &r, statement, args...)
		if errors.Is(err, storage.ErrNotFound) {
			return ErrRecoveryOver
		}
		if err != nil {
			return wrapped("prove recovery", err)
		}
		return d.recordRecovery(ctx, r, "recovery.proved")
	})
	return r, err
}

// LinkLives reports whether a link can be spent, without spending it.
func (d *Directory) LinkLives(ctx context.Context, link string) (bool, error) {
	var count int
	err := d.db.Get(ctx, &count, `SELECT COUNT(*) FROM recoveries
		WHERE link_hash = $1 AND link_hash <> '' AND state = 'sent' AND expires_at > $2`, digestOf(link), d.time())
	return count > 0, wrapped("look at recovery link", err)
}

// ProveSecond records that the person has proved another factor.
func (d *Directory) ProveSecond(ctx context.Context, id, by string) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		r, err := d.moveRecovery(ctx, `UPDATE recoveries SET second_at = $1, second_by = $2
			WHERE id = $3 AND state = 'proved' AND expires_at > $1 RETURNING `+recoveryNames, d.time(), by, id)
		if err != nil {
			return err
		}
		return d.recordRecovery(ctx, r, "recovery.second_proved")
	})
}

func (d *Directory) moveRecovery(ctx context.Context, statement string, args ...any) (Recovery, error) {
	var r Recovery
	err := d.db.Get(ctx, &r, statement, args...)
	if errors.Is(err, storage.ErrNotFound) {
		return r, ErrRecoveryOver
	}
	return r, wrapped("move recovery", err)
}

// FinishRecovery ends a proved recovery and every other one of the person, lets
// equip set the new secret, and tells the person on every channel, in one
// transaction. Of two recoveries that finish at once one wins; the other gets
// ErrRecoveryOver. ErrBlocked when the person was blocked meanwhile, ErrOperatorAccount
// when factors would go of who is an operator by now.
func (d *Directory) FinishRecovery(ctx context.Context, id string, equip func(ctx context.Context, r Recovery, p Person) error) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		found, err := d.RecoveryByID(ctx, id)
		if err != nil {
			return err
		}
		if err := d.LockPerson(ctx, found.PersonID); err != nil {
			return err
		}
		r, err := d.moveRecovery(ctx, `UPDATE recoveries SET state = 'done', holder_hash = '', ended_at = $1
			WHERE id = $2 AND state = 'proved' AND expires_at > $1 RETURNING `+recoveryNames, d.time(), id)
		if err != nil {
			return err
		}
		if r.ResetFactors {
			if err := d.noOperator(ctx, r.PersonID); err != nil { // appointed while it waited
				return err
			}
		}
		p, err := d.activePerson(ctx, r.PersonID)
		if err != nil {
			return err
		}
		if err := d.endOthers(ctx, r); err != nil {
			return err
		}
		if err := d.moveIn(ctx, r, p); err != nil {
			return err
		}
		if err := equip(ctx, r, p); err != nil {
			return err
		}
		if err := d.recordRecovery(ctx, r, "recovery.done"); err != nil {
			return err
		}
		return d.notifyEverywhere(ctx, p, notice{action: "recovery." + r.Kind + "_done.you"})
	})
}

// LockPerson puts what happens to one person in order, until the transaction of ctx ends:
// what is read after it stays so.
func (d *Directory) LockPerson(ctx context.Context, personID string) error {
	_, err := d.db.Exec(ctx, `UPDATE persons SET updated_at = $1 WHERE id = $2`, d.time(), personID)
	return wrapped("lock person", err)
}

// endOthers cancels what else is under way for the same secret. Those that wait
// for the code of an SMS go on as if they named nobody: who asked for them must
// not see that the owner has come back in.
func (d *Directory) endOthers(ctx context.Context, r Recovery) error {
	_, err := d.db.Exec(ctx, `UPDATE recoveries SET person_id = '' WHERE person_id = $1 AND kind = $2 AND id <> $3
		AND state = 'sent' AND channel = 'sms' AND link_hash = ''`, r.PersonID, r.Kind, r.ID)
	if err != nil {
		return wrapped("detach other recoveries", err)
	}
	_, err = d.db.Exec(ctx, `UPDATE recoveries SET state = 'cancelled', link_hash = '', cancel_hash = '', holder_hash = '',
		sealed = $1, ended_at = $2 WHERE person_id = $3 AND kind = $4 AND id <> $5 AND ended_at = 0`,
		[]byte{}, d.time(), r.PersonID, r.Kind, r.ID)
	return wrapped("end other recoveries", err)
}

// endSent ends the person's recoveries whose link or code went to the contacts of
// before. Those that wait stay: their links go to the contact of then.
func (d *Directory) endSent(ctx context.Context, personID string) error {
	_, err := d.db.Exec(ctx, `UPDATE recoveries SET person_id = '' WHERE person_id = $1
		AND state = 'sent' AND channel = 'sms' AND link_hash = ''`, personID) // as endOthers does
	if err != nil {
		return wrapped("detach recoveries sent", err)
	}
	_, err = d.db.Exec(ctx, `UPDATE recoveries SET state = 'cancelled', link_hash = '', cancel_hash = '', holder_hash = '',
		sealed = $1, ended_at = $2 WHERE person_id = $3 AND state IN ('sent', 'proved') AND ended_at = 0`, []byte{}, d.time(), personID)
	return wrapped("end recoveries sent", err)
}

// recordRecovery writes a step to the system's chain. Nobody is signed in: the
// person is the object, and the actor only of what he has proved to be his.
func (d *Directory) recordRecovery(ctx context.Context, r Recovery, action string) error {
	details := map[string]string{"recovery": r.ID, "kind": r.Kind, "channel": r.Channel}
	if r.SecondBy != "" {
		details["second"] = r.SecondBy
	}
	if r.ResetFactors {
		details["factors"] = "reset"
	}
	return d.record(ctx, Actor{}, "", action, r.PersonID, details)
}
