package organisation

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage"
)

// The times of a deactivation (row 281: within 24 hours).
const (
	deactivationAuth   = 5 * time.Minute // how fresh the sign-in must be that asks for it
	deactivationUndo   = 23 * time.Hour  // after the code; the job that does it runs every five minutes
	deactivationWarned = time.Hour       // before
)

// deactivation is an organisation's wish to give its cabinet up.
type deactivation struct {
	ID             string       `db:"id"`
	OrganisationID string       `db:"organisation_id"`
	State          string       `db:"state"`
	Reason         string       `db:"reason"`
	AskedBy        string       `db:"asked_by"`
	AskedAt        storage.Time `db:"asked_at"`
	ConfirmedAt    storage.Time `db:"confirmed_at"`
	DueAt          storage.Time `db:"due_at"`
	WarnedAt       storage.Time `db:"warned_at"`
	EndedBy        string       `db:"ended_by"`
	EndedAt        storage.Time `db:"ended_at"`
}

const deactivationNames = `id, organisation_id, state, reason, asked_by, asked_at, confirmed_at, due_at, warned_at, ended_by, ended_at`

func (d deactivation) object() string { return "deactivation/" + d.OrganisationID + "/" + d.ID }

// deactivationView is one as the organisation sees it.
type deactivationView struct {
	State       string       `json:"state"` // none, asked, confirmed
	Reason      string       `json:"reason"`
	AskedBy     string       `json:"asked_by"`
	AskedAt     storage.Time `json:"asked_at"`
	ConfirmedAt storage.Time `json:"confirmed_at"`
	DueAt       storage.Time `json:"due_at"`
	InExchange  int          `json:"in_exchange"` // submissions to state bodies that are not finished
	Code        *sent        `json:"code"`        // where the code went, null otherwise
	Actions     []api.Action `json:"actions"`
}

// openDeactivation is the one that is not over; ok false when there is none.
func (o *Organisations) openDeactivation(ctx context.Context, organisationID string) (d deactivation, ok bool, err error) {
	err = o.DB.Get(ctx, &d, `SELECT `+deactivationNames+` FROM organisation_deactivations
		WHERE organisation_id = $1 AND state IN ('asked', 'confirmed')`, organisationID)
	if errors.Is(err, storage.ErrNotFound) {
		return d, false, nil
	}
	if err != nil {
		return d, false, fmt.Errorf("organisation: deactivation: %w", err)
	}
	return d, true, nil
}

// storeDeactivation moves one on; of many at once one succeeds.
func (o *Organisations) storeDeactivation(ctx context.Context, d deactivation, from string) error {
	if !deactivationStates.may(from, d.State) {
		return notAtStep("deactivation_state", from)
	}
	n, err := o.DB.Exec(ctx, `UPDATE organisation_deactivations SET state = $1, confirmed_at = $2, due_at = $3, warned_at = $4,
		ended_by = $5, ended_at = $6 WHERE id = $7 AND state = $8`,
		d.State, d.ConfirmedAt, d.DueAt, d.WarnedAt, d.EndedBy, d.EndedAt, d.ID, from)
	if err != nil {
		return fmt.Errorf("organisation: store deactivation: %w", err)
	}
	if n == 0 {
		return notAtStep("deactivation_state", from)
	}
	return nil
}

func (o *Organisations) answerDeactivation(c api.Call, status int, d deactivation, code *sent) error {
	v := deactivationView{State: deactivationNone, Code: code}
	if d.ID != "" {
		v = deactivationView{State: d.State, Reason: d.Reason, AskedBy: d.AskedBy, AskedAt: d.AskedAt, ConfirmedAt: d.ConfirmedAt, DueAt: d.DueAt, Code: code}
	}
	var err error
	if v.InExchange, err = o.inExchange(c.Ctx(), c.Organisation()); err != nil {
		return err
	}
	open := d.State == deactivationAsked || d.State == deactivationConfirmed
	act := func(name, method, path string, possible bool) api.Act {
		return api.ActOf(name, o.route(method, "/v1/organization/deactivation"+path)).
			Unless(possible, "deactivation_state").Said("state", stateWords[v.State])
	}
	v.Actions, err = c.Actions(
		act("ask", "POST", "", d.State != deactivationConfirmed),
		act("confirm", "POST", "/confirm", d.State == deactivationAsked),
		act("undo", "DELETE", "", open),
	)
	if err != nil {
		return err
	}
	return api.Answer(c, status, "", v)
}

func (o *Organisations) inExchange(ctx context.Context, organisationID string) (int, error) {
	if o.InExchange == nil {
		return 0, nil
	}
	n, err := o.InExchange(ctx, organisationID)
	if err != nil {
		return 0, fmt.Errorf("organisation: what is in exchange: %w", err)
	}
	return n, nil
}

// showDeactivation answers GET /v1/organization/deactivation.
func (o *Organisations) showDeactivation(c api.Call) error {
	d, _, err := o.openDeactivation(c.Ctx(), c.Organisation())
	if err != nil {
		return err
	}
	return o.answerDeactivation(c, http.StatusOK, d, nil)
}

// freshAdministrator demands what the password proves elsewhere: an administrator
// who has just signed in with two factors.
func (o *Organisations) freshAdministrator(c api.Call) error {
	if c.Person() == "" {
		return api.Refuse("person_required")
	}
	age := o.Now().Sub(time.Unix(c.Claims.AuthTime, 0))
	if c.Claims.AuthTime == 0 || age > deactivationAuth {
		return api.Refuse("sign_in_stale").With("minutes", strconv.Itoa(int(deactivationAuth/time.Minute))).
			Challenged("insufficient_user_authentication", "a more recent sign-in is required").Aged(int(deactivationAuth / time.Second))
	}
	m, err := o.Directory.Membership(c.Ctx(), c.Person(), c.Organisation())
	if errors.Is(err, storage.ErrNotFound) || err == nil && m.Role != directory.Administrator {
		return api.Refuse("administrator_required")
	}
	return err
}

// askDeactivation answers POST /v1/organization/deactivation: a code goes to the
// administrator who asks.
func (o *Organisations) askDeactivation(c api.Call) error {
	var body struct {
		Channel string `json:"channel"`
		Reason  string `json:"reason"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	reason, err := reasonOf(body.Reason, false)
	if err != nil {
		return err
	}
	if err := o.freshAdministrator(c); err != nil {
		return err
	}
	d := deactivation{ID: storage.NewID(), OrganisationID: c.Organisation(), State: deactivationAsked, Reason: reason, AskedBy: c.Person(), AskedAt: o.time()}
	var code sent
	err = o.DB.Tx(c.Ctx(), func(ctx context.Context) (err error) {
		if d, err = o.beginDeactivation(ctx, c.Actor(), d); err != nil {
			return err
		}
		code, err = o.sendOwn(ctx, c.Person(), d.object(), body.Channel, purposeDeactivation)
		return err
	})
	if err != nil {
		return err
	}
	return o.answerDeactivation(c, http.StatusAccepted, d, &code)
}

// beginDeactivation stores the wish, or finds the one that waits for its code.
func (o *Organisations) beginDeactivation(ctx context.Context, actor directory.Actor, d deactivation) (deactivation, error) {
	was, open, err := o.openDeactivation(ctx, d.OrganisationID)
	if err != nil {
		return d, err
	}
	if open && was.State == deactivationConfirmed {
		return d, notAtStep("deactivation_state", was.State)
	}
	if open && was.AskedBy == d.AskedBy {
		return was, nil
	}
	if open { // another administrator's, without his code: his wish gives way
		was.State, was.EndedBy, was.EndedAt = deactivationExpired, d.AskedBy, o.time()
		if err := o.storeDeactivation(ctx, was, deactivationAsked); err != nil {
			return d, err
		}
	}
	n, err := o.DB.Exec(ctx, `INSERT INTO organisation_deactivations (`+deactivationNames+`)
		VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, '', 0) ON CONFLICT DO NOTHING`,
		d.ID, d.OrganisationID, d.State, d.Reason, d.AskedBy, d.AskedAt)
	if err != nil {
		return d, fmt.Errorf("organisation: ask deactivation: %w", err)
	}
	if n == 0 {
		return d, api.Refuse("version_changed")
	}
	return d, o.record(ctx, actor, d.OrganisationID, "organisation.deactivation_asked", d.ID, map[string]string{"reason": d.Reason})
}

// confirmDeactivation answers POST /v1/organization/deactivation/confirm.
func (o *Organisations) confirmDeactivation(c api.Call) error {
	var body struct {
		Code string `json:"code"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	if !isCode(body.Code) {
		return api.InvalidField("/code", "format")
	}
	if err := o.freshAdministrator(c); err != nil {
		return err
	}
	d, open, err := o.openDeactivation(c.Ctx(), c.Organisation())
	if err != nil {
		return err
	}
	if !open || d.State != deactivationAsked || d.AskedBy != c.Person() {
		return notAtStep("deactivation_state", d.State)
	}
	if err := o.codes.try(c.Ctx(), d.object(), c.Person(), body.Code); err != nil {
		return err
	}
	now := o.time()
	d.State, d.ConfirmedAt, d.DueAt = deactivationConfirmed, now, now.Add(deactivationUndo)
	err = o.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		if err := o.codes.spend(ctx, d.object(), c.Person(), body.Code); err != nil {
			return err
		}
		return o.moveDeactivation(ctx, c.Actor(), d, deactivationAsked)
	})
	if err != nil {
		return err
	}
	return o.answerDeactivation(c, http.StatusOK, d, nil)
}

// moveDeactivation stores the next state with its entry and its notices.
func (o *Organisations) moveDeactivation(ctx context.Context, actor directory.Actor, d deactivation, from string) error {
	if err := o.storeDeactivation(ctx, d, from); err != nil {
		return err
	}
	err := o.record(ctx, actor, d.OrganisationID, "organisation.deactivation_"+d.State, d.ID, map[string]string{"asked_by": d.AskedBy})
	if err != nil {
		return err
	}
	return o.tellDeactivation(ctx, d, d.State, actor.PersonID)
}

// undoDeactivation answers DELETE /v1/organization/deactivation: whoever of the
// organisation may change its data can stop it.
func (o *Organisations) undoDeactivation(c api.Call) error {
	d, open, err := o.openDeactivation(c.Ctx(), c.Organisation())
	if err != nil {
		return err
	}
	if !open {
		return notAtStep("deactivation_state", deactivationNone)
	}
	from := d.State
	d.State, d.EndedBy, d.EndedAt = deactivationUndone, c.Person(), o.time()
	err = o.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		if from == deactivationAsked { // nobody was told of it yet
			if err := o.storeDeactivation(ctx, d, from); err != nil {
				return err
			}
			return o.record(ctx, c.Actor(), d.OrganisationID, "organisation.deactivation_undone", d.ID, nil)
		}
		return o.moveDeactivation(ctx, c.Actor(), d, from)
	})
	if err != nil {
		return err
	}
	return api.NoContent(c)
}

// Deactivate warns of the deactivations of the next hour and does those whose time
// has come. Where one fails, the rest are still tried.
func (o *Organisations) Deactivate(ctx context.Context) error {
	var due []deactivation
	err := o.DB.Select(ctx, &due, `SELECT `+deactivationNames+` FROM organisation_deactivations
		WHERE state = 'confirmed' AND due_at <= $1 ORDER BY due_at LIMIT 100`, o.time().Add(deactivationWarned))
	if err != nil {
		return fmt.Errorf("organisation: deactivations due: %w", err)
	}
	var failed error
	for _, d := range due {
		switch {
		case d.DueAt <= o.time():
			failed = errors.Join(failed, o.execute(ctx, d))
		case d.WarnedAt == 0:
			failed = errors.Join(failed, o.warn(ctx, d))
		}
	}
	return failed
}

func (o *Organisations) warn(ctx context.Context, d deactivation) error {
	return o.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := o.DB.Exec(ctx, `UPDATE organisation_deactivations SET warned_at = $1 WHERE id = $2 AND state = 'confirmed' AND warned_at = 0`, o.time(), d.ID)
		if err != nil || n == 0 {
			return err
		}
		return o.tellDeactivation(ctx, d, "warned", d.AskedBy)
	})
}

// execute closes the organisation: its members lose it at once, live tokens die
// (directory.CloseOrganisation). Its administrators are told first, while they can
// still be found.
func (o *Organisations) execute(ctx context.Context, d deactivation) error {
	err := o.DB.Tx(ctx, func(ctx context.Context) error {
		d.State, d.EndedAt = deactivationDone, o.time()
		if err := o.moveDeactivation(ctx, directory.Actor{}, d, deactivationConfirmed); err != nil {
			return err
		}
		return o.Directory.CloseOrganisation(ctx, directory.System(), d.OrganisationID)
	})
	if refused(err, "deactivation_state") {
		return nil // undone meanwhile
	}
	return err
}

// tellDeactivation tells every administrator, by mail and in the cabinet. The
// notices are the people's own, for after the end there is no organisation to look
// them up in.
func (o *Organisations) tellDeactivation(ctx context.Context, d deactivation, step, byPerson string) error {
	made, err := o.Directory.Organisation(ctx, d.OrganisationID)
	if err != nil {
		return err
	}
	administrators, err := o.Directory.Administrators(ctx, d.OrganisationID)
	if err != nil {
		return err
	}
	words, err := o.deactivationWords(ctx, d, made, step, byPerson)
	if err != nil {
		return err
	}
	for _, p := range administrators {
		if err := o.mail(ctx, p.Email, lang(p), words); err != nil {
			return err
		}
		err := o.Tell(ctx, notice.Event{
			ID: "deactivation/" + d.ID + "/" + step + "/" + p.ID, Type: "organization.deactivation_" + step, Persons: []string{p.ID},
			Category: notice.Security, Importance: notice.Critical, Texts: words.notice(), Path: "/cabinet/organization/deactivation",
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (o *Organisations) deactivationWords(ctx context.Context, d deactivation, made directory.Organisation, step, byPerson string) (letter, error) {
	count, err := o.inExchange(ctx, d.OrganisationID)
	if err != nil {
		return letter{}, err
	}
	person := "—"
	if byPerson != "" {
		p, err := o.Directory.Person(ctx, byPerson)
		if err != nil {
			return letter{}, err
		}
		person = p.FullName()
	}
	words := deactivationTexts[step].with("{organisation}", made.Name, "{person}", person,
		"{due}", d.DueAt.Time().In(moscow).Format("02.01.2006 15:04"), "{link}", o.BaseURL+"/cabinet/organization/deactivation")
	return words.exchange(count), nil
}

// exchange fills in the warning about what is still in exchange, in each language.
func (l letter) exchange(count int) letter {
	ru, en := "", ""
	if count > 0 {
		ru, en = exchangeWarning.ru, exchangeWarning.en
	}
	n := strconv.Itoa(count)
	fillIn := func(m notice.Message, warning string) notice.Message {
		filled := letter{ru: m}.with("{exchange}", warning).ru
		return letter{ru: filled}.with("{count}", n).ru
	}
	return letter{fillIn(l.ru, ru), fillIn(l.en, en)}
}
