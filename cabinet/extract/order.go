package extract

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"propusk/cabinet/authority"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/jobs"
)

// Order is what somebody orders.
type Order struct {
	Kind, Format string
	Particulars
	Email string // where to send it as well; "" = nowhere
}

// Faults are what is wrong with an order: a field and a code each.
type Faults []Fault

// Fault is one of them. Field is a JSON pointer without its first slash.
type Fault struct{ Field, Code string }

// Error names the fields.
func (f Faults) Error() string {
	parts := make([]string, len(f))
	for i, fault := range f {
		parts[i] = fault.Field + ": " + fault.Code
	}
	return "extract: " + strings.Join(parts, ", ")
}

func (f *Faults) add(field, code string) { *f = append(*f, Fault{field, code}) }

// The refusals beside Faults and those of the directory.
var (
	// ErrState: the order's status does not let this happen.
	ErrState = errors.New("extract: not in this state")
	// ErrTooMany: too many orders of the organisation are being made.
	ErrTooMany = errors.New("extract: too many at a time")
	// ErrStale: the order has changed since the caller saw it.
	ErrStale = errors.New("extract: changed meanwhile")
)

const (
	openAtATime = 20  // orders of one organisation
	maxPurpose  = 300 // letters
)

// Place takes an order of the organisation, by whoever may have it (extracts:read,
// and by a power of attorney this kind).
func (x *Extracts) Place(ctx context.Context, actor directory.Actor, organisationID string, o Order) (Extract, error) {
	return x.place(ctx, actor, organisationID, o, "")
}

// Renew orders anew what a ready extract says, for today.
func (x *Extracts) Renew(ctx context.Context, actor directory.Actor, organisationID, id string) (Extract, error) {
	old, err := x.Get(ctx, organisationID, id)
	if err != nil {
		return Extract{}, err
	}
	if old.Status != Ready {
		return Extract{}, ErrState
	}
	return x.place(ctx, actor, organisationID, Order{Kind: old.Kind, Format: old.Format, Particulars: x.moved(old)}, old.ID)
}

// moved is the order's period moved to end today; its length stays.
func (x *Extracts) moved(old Extract) Particulars {
	p := old.Order.V
	from, to := day(p.From), day(p.To)
	if from.IsZero() || to.IsZero() {
		return p
	}
	today := x.today()
	p.From, p.To = today.Add(-to.Sub(from)).Format(time.DateOnly), today.Format(time.DateOnly)
	return p
}

func (x *Extracts) place(ctx context.Context, actor directory.Actor, organisationID string, o Order, renews string) (placed Extract, err error) {
	organisation, err := x.Directory.Organisation(ctx, organisationID)
	if err != nil {
		return Extract{}, err
	}
	if err := x.check(&o, organisation); err != nil {
		return Extract{}, err
	}
	err = x.DB.Tx(ctx, func(ctx context.Context) error {
		by, err := x.authorise(ctx, actor, organisationID, o.Kind)
		if err != nil {
			return err
		}
		if err := x.room(ctx, organisationID); err != nil {
			return err
		}
		if o.Email != "" {
			if err := x.mayMail(ctx, organisationID); err != nil {
				return err
			}
		}
		placed = x.fresh(o, organisation, actor, by, renews)
		if err := x.insert(ctx, placed); err != nil {
			return err
		}
		if err := x.note(ctx, actor, placed, "extract.ordered", map[string]string{"period": o.From + "/" + o.To, "mailed": yes(o.Email != "")}); err != nil {
			return err
		}
		return x.begin(ctx, placed)
	})
	if err != nil {
		return Extract{}, fmt.Errorf("extract: order: %w", err)
	}
	return placed, nil
}

// authorise says by which right the actor has to do with extracts of the kind.
func (x *Extracts) authorise(ctx context.Context, actor directory.Actor, organisationID, kind string) (directory.Authority, error) {
	return x.Directory.Authorise(ctx, actor, organisationID, directory.Act{Permission: directory.ExtractsRead, Kind: kind})
}

// room refuses more than a number of orders at a time.
func (x *Extracts) room(ctx context.Context, organisationID string) error {
	var open int
	err := x.DB.Get(ctx, &open, `SELECT COUNT(*) FROM (SELECT id FROM extracts
		WHERE organisation_id = $1 AND status IN ('requested', 'making') LIMIT $2) AS o`, organisationID, openAtATime)
	if err != nil {
		return fmt.Errorf("extract: count orders: %w", err)
	}
	if open >= openAtATime {
		return ErrTooMany
	}
	return nil
}

func (x *Extracts) fresh(o Order, of directory.Organisation, actor directory.Actor, by directory.Authority, renews string) Extract {
	now, id := x.now(), storage.NewID()
	e := Extract{
		ID: id, OrganisationID: of.ID, Kind: o.Kind, Format: o.Format, Status: Making, Stage: StageQueued,
		Number:    x.today().Format("20060102") + "-" + strings.ToUpper(id[len(id)-12:]),
		OrderedBy: actor.PersonID, ClientID: actor.ClientID, Renews: renews, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	e.Order.V, e.Authority.V = o.Particulars, by
	e.Subject.V = Subject{of.Kind, of.INN, of.KPP, of.OGRN, of.FullName}
	if e.Subject.V.Name == "" {
		e.Subject.V.Name = of.Name
	}
	if o.Email != "" {
		e.Email = x.Sealer.Seal([]byte(o.Email), emailContext(id))
	}
	if e.kind().source == fromAuthority {
		e.Status, e.Stage, e.Submission = Requested, StageAsked, storage.NewID()
	}
	return e
}

func emailContext(id string) string { return "extract-email/" + id }

func (x *Extracts) insert(ctx context.Context, e Extract) error {
	_, err := x.DB.Exec(ctx, `INSERT INTO extracts (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
		$13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)`,
		e.ID, e.OrganisationID, e.Kind, e.Number, e.Status, e.Stage, e.Format, e.Order, e.Email, e.Subject, e.Answer, e.Failure,
		e.Authority, e.OrderedBy, e.ClientID, e.Submission, e.Renews, e.Files, e.Version, e.CreatedAt, e.UpdatedAt, e.ReadyAt, e.ValidUntil)
	if err != nil {
		return fmt.Errorf("extract: store the order: %w", err)
	}
	return nil
}

// begin has an order that was stored worked on, in the transaction of ctx.
func (x *Extracts) begin(ctx context.Context, e Extract) error {
	if e.Status == Requested {
		return x.Gateway.Submit(ctx, authority.Load{Kind: submissionKind, ID: e.Submission})
	}
	return jobs.Enqueue(ctx, x.DB, jobMake, ticket{e.ID, e.Version}, jobs.Options{MaxAttempts: makeAttempts})
}

// ticket is the job's payload: an order as of a version of its life. A job of an
// earlier life, before a retry, does nothing.
type ticket struct {
	ID      string `json:"id"`
	Version int64  `json:"version"`
}

// check names everything that is wrong with an order, and brings it into its form.
func (x *Extracts) check(o *Order, of directory.Organisation) error {
	var faults Faults
	t, known := typeOf(o.Kind)
	switch {
	case o.Kind == "":
		faults.add("kind", "required")
	case !known:
		faults.add("kind", "unknown")
	case !t.serves(of.Kind):
		faults.add("kind", "not_for_organization")
	}
	if o.Format == "" {
		o.Format = FormatPDF
	}
	if o.Format != FormatPDF && o.Format != FormatXML && o.Format != FormatBoth {
		faults.add("format", "unknown")
	}
	if known {
		x.checkPeriod(&faults, t, o.Particulars)
		checkParameters(&faults, t, o.Parameters)
	}
	o.Purpose = strings.TrimSpace(o.Purpose)
	if utf8.RuneCountInString(o.Purpose) > maxPurpose {
		faults.add("purpose", "too_long")
	} else if strings.ContainsFunc(o.Purpose, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) }) {
		faults.add("purpose", "format")
	}
	checkEmail(&faults, o)
	if len(faults) > 0 {
		return faults
	}
	return nil
}

// checkEmail takes one mailbox in its plain form: no name, no list, no header.
func checkEmail(faults *Faults, o *Order) {
	if o.Email == "" {
		return
	}
	if email, ok := directory.NormaliseEmail(o.Email); ok {
		o.Email = email
		return
	}
	faults.add("email", "format")
}

func (x *Extracts) checkPeriod(faults *Faults, t Type, p Particulars) {
	if p.From == "" && p.To == "" {
		if t.period == periodNeeded {
			faults.add("period", "required")
		}
		return
	}
	from, to := day(p.From), day(p.To)
	switch {
	case t.period == noPeriod:
		faults.add("period", "not_expected")
	case from.IsZero():
		faults.add("period/from", "format")
	case to.IsZero():
		faults.add("period/to", "format")
	case to.Before(from):
		faults.add("period/to", "before_from")
	case to.After(x.today()):
		faults.add("period/to", "in_future")
	case from.AddDate(t.years, 0, 0).Before(to):
		faults.add("period", "too_long")
	}
}

func checkParameters(faults *Faults, t Type, given map[string]string) {
	for id := range given {
		if _, known := t.parameter(id); !known {
			faults.add("parameters", "unknown")
			return // the name is a stranger's text and has no place in a pointer
		}
	}
	for _, p := range t.params {
		value := given[p.id]
		_, known := p.option(value)
		switch {
		case value == "" && p.required:
			faults.add("parameters/"+p.id, "required")
		case value != "" && !known:
			faults.add("parameters/"+p.id, "unknown")
		}
	}
}

// moscow is the zone of days: Moscow has kept it all year since 2014.
var moscow = time.FixedZone("MSK", 3*60*60)

// today is the day in Moscow, at midnight UTC.
func (x *Extracts) today() time.Time {
	now := x.Now().In(moscow)
	return time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
}

// day reads 2026-01-31, zero for anything else and for years nobody means.
func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1990 || t.Year() > 2200 {
		return time.Time{}
	}
	return t
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
