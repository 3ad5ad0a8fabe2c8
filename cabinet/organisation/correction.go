package organisation

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage"
)

// correctionDays is how many working days an answer may take (row 280).
const correctionDays = 5

// correction asks to set right what the register says (row 280).
type correction struct {
	ID             string       `db:"id" json:"id"`
	OrganisationID string       `db:"organisation_id" json:"-"`
	Field          string       `db:"field" json:"field"`
	Shown          string       `db:"shown" json:"shown"`
	Claimed        string       `db:"claimed" json:"claimed"`
	Explanation    string       `db:"explanation" json:"explanation"`
	State          string       `db:"state" json:"state"`
	Answer         string       `db:"answer" json:"answer"`
	AnsweredBy     string       `db:"answered_by" json:"-"`
	AskedBy        string       `db:"asked_by" json:"asked_by"`
	AskedAt        storage.Time `db:"asked_at" json:"asked_at"`
	DueAt          storage.Time `db:"due_at" json:"due_at"`
	AnsweredAt     storage.Time `db:"answered_at" json:"answered_at"`
}

const correctionNames = `id, organisation_id, field, shown, claimed, explanation, state, answer, answered_by, asked_by, asked_at, due_at, answered_at`

// correctable are the fields of the tab that can be wrong, with how they are shown.
var correctable = []struct {
	field string
	shown func(statusView) string
}{
	{"name", func(v statusView) string { return v.Name }},
	{"full_name", func(v statusView) string { return v.FullName }},
	{"address", func(v statusView) string { return v.Address }},
	{"head", func(v statusView) string { return v.Head }},
	{"status", func(v statusView) string { return v.Status.Name }},
	{"form", func(v statusView) string { return v.Form.Name }},
	{"licences", func(v statusView) string { return v.licenceText() }},
	{"restrictions", func(v statusView) string { return v.restrictionText() }},
}

func correctableFields() []string {
	names := make([]string, len(correctable))
	for i, one := range correctable {
		names[i] = one.field
	}
	return names
}

func (v statusView) shown(field string) string {
	for _, one := range correctable {
		if one.field == field {
			return one.shown(v)
		}
	}
	return ""
}

// askCorrection answers POST /v1/organization/legal-status/corrections.
func (o *Organisations) askCorrection(c api.Call) error {
	var body struct {
		Field       string `json:"field"`
		Claimed     string `json:"claimed"`
		Explanation string `json:"explanation"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	if !slices.Contains(correctableFields(), body.Field) {
		return api.InvalidField("/field", "invalid")
	}
	if body.Claimed == "" || len([]rune(body.Claimed)) > 1000 || len([]rune(body.Explanation)) > 2000 {
		return api.InvalidField("/claimed", "required")
	}
	s, err := o.snapshotOf(c.Ctx(), c.Organisation())
	if err != nil || !s.Found {
		return errors.Join(api.Refuse("organization_unknown"), ignoreNotFound(err))
	}
	now := o.time()
	k := correction{
		ID: storage.NewID(), OrganisationID: c.Organisation(), Field: body.Field, Shown: s.statusView().shown(body.Field),
		Claimed: body.Claimed, Explanation: body.Explanation, State: correctionOpen, AskedBy: c.Person(), AskedAt: now,
		DueAt: storage.Of(afterWorkdays(now.Time(), correctionDays)),
	}
	if same("address", k.Shown, k.Claimed) {
		return api.InvalidField("/claimed", "same_as_shown")
	}
	err = o.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		if err := o.insertCorrection(ctx, k); err != nil {
			return err
		}
		return o.record(ctx, c.Actor(), k.OrganisationID, "correction.asked", k.ID, map[string]string{"field": k.Field})
	})
	if err != nil {
		return err
	}
	return api.Created(c, "/v1/organization/legal-status/corrections/"+k.ID, "", k)
}

func ignoreNotFound(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	return err
}

func (o *Organisations) insertCorrection(ctx context.Context, k correction) error {
	var open int
	err := o.DB.Get(ctx, &open, `SELECT COUNT(*) FROM organisation_corrections
		WHERE organisation_id = $1 AND asked_at > $2 AND state IN ('open', 'overdue')`, k.OrganisationID, k.AskedAt.Add(-90*24*time.Hour))
	if err != nil {
		return fmt.Errorf("organisation: count corrections: %w", err)
	}
	if open >= 20 {
		return api.Refuse("corrections_too_many")
	}
	_, err = o.DB.Exec(ctx, `INSERT INTO organisation_corrections (`+correctionNames+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		k.ID, k.OrganisationID, k.Field, k.Shown, k.Claimed, k.Explanation, k.State, k.Answer, k.AnsweredBy, k.AskedBy, k.AskedAt, k.DueAt, k.AnsweredAt)
	if err != nil {
		return fmt.Errorf("organisation: insert correction: %w", err)
	}
	return nil
}

// corrections answers GET /v1/organization/legal-status/corrections.
func (o *Organisations) corrections(c api.Call) error {
	q := c.Query("after", "limit")
	page := q.Page()
	if err := q.Err(); err != nil {
		return err
	}
	list := []correction{}
	err := o.DB.Select(c.Ctx(), &list, `SELECT `+correctionNames+` FROM organisation_corrections
		WHERE organisation_id = $1 AND (asked_at < $2 OR asked_at = $2 AND id < $3)
		ORDER BY asked_at DESC, id DESC LIMIT $4`, c.Organisation(), before(page), page.ID, page.Limit+1)
	if err != nil {
		return fmt.Errorf("organisation: corrections: %w", err)
	}
	list, next := api.Cut(page, list, func(k correction) (storage.Time, string) { return k.AskedAt, k.ID })
	return api.Answer(c, http.StatusOK, "", map[string]any{"corrections": list, "next": next})
}

// showCorrection answers GET /v1/organization/legal-status/corrections/{id}.
func (o *Organisations) showCorrection(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	k, err := o.correctionByID(c.Ctx(), id)
	if err != nil {
		return err
	}
	if k.OrganisationID != c.Organisation() {
		return api.Refuse("not_found")
	}
	return api.Answer(c, http.StatusOK, "", k)
}

func (o *Organisations) correctionByID(ctx context.Context, id string) (correction, error) {
	var k correction
	err := o.DB.Get(ctx, &k, `SELECT `+correctionNames+` FROM organisation_corrections WHERE id = $1`, id)
	if err != nil {
		return k, api.DirectoryRefusal(fmt.Errorf("organisation: correction: %w", err))
	}
	return k, nil
}

// answerOne ends a correction with what came of it.
func (o *Organisations) answerOne(ctx context.Context, actor directory.Actor, k correction, state, answer string) (correction, error) {
	from := k.State
	if !correctionStates.may(from, state) {
		return k, api.Refuse("correction_answered")
	}
	k.State, k.Answer, k.AnsweredBy, k.AnsweredAt = state, answer, actor.PersonID, o.time()
	n, err := o.DB.Exec(ctx, `UPDATE organisation_corrections SET state = $1, answer = $2, answered_by = $3, answered_at = $4
		WHERE id = $5 AND state = $6`, k.State, k.Answer, k.AnsweredBy, k.AnsweredAt, k.ID, from)
	if err != nil {
		return k, fmt.Errorf("organisation: answer correction: %w", err)
	}
	if n == 0 {
		return k, api.Refuse("correction_answered")
	}
	err = o.record(ctx, actor, k.OrganisationID, "correction.answered", k.ID, map[string]string{"field": k.Field, "state": state, "answer": answer})
	if err != nil {
		return k, err
	}
	return k, o.tellCorrection(ctx, k, correctionTexts.with("{field}", k.Field, "{answer}", answer))
}

func (o *Organisations) tellCorrection(ctx context.Context, k correction, words letter) error {
	return o.Tell(ctx, notice.Event{
		ID: "correction/" + k.ID + "/" + k.State, Type: "organization.correction_" + k.State, OrganisationID: k.OrganisationID,
		Category: notice.Organisation, Importance: notice.High, Permission: directory.OrganizationRead,
		Texts: words.notice(), Path: "/cabinet/organization/legal-status", Data: map[string]string{"correction_id": k.ID, "state": k.State},
	})
}

// corrected closes the open corrections that the register has made by itself.
func (o *Organisations) corrected(ctx context.Context, organisationID string, s snapshot) error {
	var open []correction
	err := o.DB.Select(ctx, &open, `SELECT `+correctionNames+` FROM organisation_corrections
		WHERE organisation_id = $1 AND state IN ('open', 'overdue') ORDER BY asked_at, id LIMIT 100`, organisationID)
	if err != nil {
		return fmt.Errorf("organisation: open corrections: %w", err)
	}
	v := s.statusView()
	for _, k := range open {
		if !same("address", v.shown(k.Field), k.Claimed) {
			continue
		}
		if _, err := o.answerOne(ctx, directory.Actor{}, k, correctionCorrected, "Сведения исправлены в реестре."); err != nil {
			return err
		}
	}
	return nil
}

// overdue marks the corrections that nobody has answered in time, and says so.
func (o *Organisations) overdue(ctx context.Context) error {
	var due []correction
	err := o.DB.Select(ctx, &due, `SELECT `+correctionNames+` FROM organisation_corrections
		WHERE state = 'open' AND due_at <= $1 ORDER BY due_at LIMIT 200`, o.time())
	if err != nil {
		return fmt.Errorf("organisation: corrections due: %w", err)
	}
	for _, k := range due {
		k.State = correctionOverdue
		err := o.DB.Tx(ctx, func(ctx context.Context) error {
			n, err := o.DB.Exec(ctx, `UPDATE organisation_corrections SET state = 'overdue' WHERE id = $1 AND state = 'open'`, k.ID)
			if err != nil || n == 0 {
				return err
			}
			return o.tellCorrection(ctx, k, correctionOverdueTexts.with("{field}", k.Field))
		})
		if err != nil {
			return fmt.Errorf("organisation: overdue correction: %w", err)
		}
	}
	return nil
}

// correctionQueue answers GET /v1/moderation/corrections: what is open, what is due
// first comes first.
func (o *Organisations) correctionQueue(c api.Call) error {
	if err := o.operator(c); err != nil {
		return err
	}
	q := c.Query("state", "after", "limit")
	state, page := q.OneOf("state", correctionOpen, correctionOverdue, correctionCorrected, correctionRefused), q.Page()
	if err := q.Err(); err != nil {
		return err
	}
	if state == "" {
		state = correctionOpen
	}
	list := []correction{}
	err := o.DB.Select(c.Ctx(), &list, `SELECT `+correctionNames+` FROM organisation_corrections
		WHERE state = $1 AND (due_at > $2 OR due_at = $2 AND id > $3) ORDER BY due_at, id LIMIT $4`, state, page.At, page.ID, page.Limit+1)
	if err != nil {
		return fmt.Errorf("organisation: correction queue: %w", err)
	}
	list, next := api.Cut(page, list, func(k correction) (storage.Time, string) { return k.DueAt, k.ID })
	views := make([]map[string]any, len(list))
	for i, k := range list {
		views[i] = map[string]any{"correction": k, "organization_id": k.OrganisationID}
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{"corrections": views, "next": next})
}

// answerCorrection answers POST /v1/moderation/corrections/{id}/answer.
func (o *Organisations) answerCorrection(c api.Call) error {
	if err := o.operator(c); err != nil {
		return err
	}
	id, err := c.ID()
	if err != nil {
		return err
	}
	var body struct {
		State  string `json:"state"`
		Answer string `json:"answer"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	if body.State != correctionCorrected && body.State != correctionRefused {
		return api.InvalidField("/state", "invalid")
	}
	answer, err := reasonOf(body.Answer, true)
	if err != nil {
		return api.InvalidField("/answer", "required")
	}
	k, err := o.correctionByID(c.Ctx(), id)
	if err != nil {
		return err
	}
	if k.AskedBy == c.Person() {
		return api.Refuse("another_operator_needed")
	}
	err = o.DB.Tx(c.Ctx(), func(ctx context.Context) (err error) {
		if err := o.outsider(ctx, c.Person(), k.OrganisationID); err != nil {
			return err
		}
		k, err = o.answerOne(ctx, c.Actor(), k, body.State, answer)
		return err
	})
	if err != nil {
		return err
	}
	return api.Answer(c, http.StatusOK, "", k)
}
