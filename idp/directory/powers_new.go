package directory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"propusk/storage"
)

// MaxDelegation is how many times the widest power may be handed on.
const MaxDelegation = 5

// maxPowers is how many codes one power may name; with its limits they travel in
// tokens, which travel in a header.
const maxPowers = 60

// The refusals of powers, beside ErrForbidden and ErrStale.
var (
	// ErrPowerOver: the power has ended, so that nothing can be done with it.
	ErrPowerOver = errors.New("directory: the power of attorney is over")
	// ErrPowerIrrevocable: the principal gave it without the right to take it back.
	ErrPowerIrrevocable = errors.New("directory: the power of attorney is irrevocable")
)

// NewPower is what a power of attorney says.
type NewPower struct {
	Number         string // GUID; "" for a new one
	Form           PowerForm
	Representative Representative
	Powers         []string
	Limits         PowerLimits
	Delegation     int
	Irrevocable    bool
	IssuedOn       string // first day, 2006-01-02
	Until          string // last day, 2006-01-02
	// ParentID is the power that is handed on; "" = the organisation itself gives.
	ParentID string
	// ReplacesID is a power of the same organisation that ends when this one
	// becomes active; of one that is handed on, another handed on from ParentID.
	ReplacesID string
	// Status is PowerDraft, PowerChecking, PowerActive or PowerRefused; "" is
	// PowerDraft. Dangerous: the caller answers for what was checked.
	Status PowerStatus
	Reason string // of PowerRefused
}

// power brings n to canonical form.
func (f *fields) power(n NewPower, now storage.Time) (p PowerOfAttorney) {
	p.Number = f.guid(n.Number)
	if !slices.Contains([]PowerForm{PowerNotarial, PowerSimple, PowerMachine}, n.Form) {
		f.faults.add("form", "invalid")
	}
	r := f.representative(n.Representative)
	p.Form, p.Irrevocable, p.RepresentedBy, p.RepresentativeKey = n.Form, n.Irrevocable, r.Kind, r.key()
	p.Representative.V, p.Powers.V, p.Limits.V = r, f.powers(n.Powers), f.limits(n.Limits)
	if n.Delegation < 0 || n.Delegation > MaxDelegation {
		f.faults.add("delegation", "invalid")
	}
	p.Delegation, p.ParentID, p.ReplacesID = n.Delegation, n.ParentID, n.ReplacesID
	p.IssuedAt, p.ValidUntil = f.term(n.IssuedOn, n.Until, now)
	p.Status, p.Reason = n.Status, n.Reason
	if p.Status == "" {
		p.Status = PowerDraft
	}
	if p.Status.Over() && p.Status != PowerRefused {
		f.faults.add("status", "invalid")
	}
	p.Search = strings.ToLower(strings.Join([]string{p.Number, r.FullName(), r.INN, r.SNILS}, " "))
	return p
}

func (f *fields) guid(number string) string {
	if number == "" {
		return uuid.NewString()
	}
	id, err := uuid.Parse(number)
	if err != nil || len(number) != len("00000000-0000-0000-0000-000000000000") {
		f.faults.add("number", "invalid")
	}
	return id.String()
}

func (f *fields) representative(r Representative) Representative {
	at := func(name string) string { return "representative/" + name }
	if r.Kind == RepresentsOrganisation {
		r.Name = f.text(at("name"), r.Name, maxTitle, true)
		f.exactly(at("inn"), r.INN, ValidINN)
		if r.OGRN != "" {
			f.exactly(at("ogrn"), r.OGRN, func(s string) bool { return ValidOGRN(s) || ValidOGRNIP(s) })
		}
		return Representative{Kind: r.Kind, Name: r.Name, INN: r.INN, OGRN: r.OGRN}
	}
	if r.Kind != RepresentsPerson {
		f.faults.add(at("kind"), "invalid")
	}
	r.LastName = f.name(at("last_name"), r.LastName, true)
	r.FirstName = f.name(at("first_name"), r.FirstName, true)
	r.MiddleName = f.name(at("middle_name"), r.MiddleName, false)
	r.SNILS = f.optional(at("snils"), r.SNILS, NormaliseSNILS)
	if r.INN != "" {
		f.exactly(at("inn"), r.INN, ValidPersonalINN)
	}
	if r.SNILS == "" && r.INN == "" {
		f.faults.add(at("snils"), "required")
	}
	r.Name, r.OGRN = "", ""
	return r
}

func (f *fields) powers(codes []string) []string {
	if len(codes) == 0 {
		f.faults.add("powers", "required")
	}
	if len(codes) > maxPowers {
		f.faults.add("powers", "too_long")
		return nil
	}
	for i, code := range codes {
		if _, known := powerIndex[code]; !known {
			f.faults.add(fmt.Sprintf("powers/%d", i), "unknown")
		}
	}
	codes = slices.Clone(codes)
	slices.Sort(codes)
	return slices.Compact(codes)
}

// term takes the days from and until, both counted in.
func (f *fields) term(from, until string, now storage.Time) (begin, end storage.Time) {
	begin, ok := PowerDay(from)
	switch {
	case from == "":
		f.faults.add("issued_on", "required")
	case !ok:
		f.faults.add("issued_on", "invalid")
	case begin > now:
		f.faults.add("issued_on", "future")
	}
	last, ok := PowerDay(until)
	switch {
	case until == "":
		f.faults.add("until", "required")
	case !ok:
		f.faults.add("until", "invalid")
	case last < begin:
		f.faults.add("until", "before_issue")
	case last.Add(24*time.Hour) <= now:
		f.faults.add("until", "expired")
	}
	return begin, last.Add(24 * time.Hour)
}

// AddPower enters a power of attorney into an organisation's book. Who gives it
// in the organisation's own name needs powers:write there; who hands one on must
// be its representative. The principal's signature, where the form asks for one,
// was checked by the caller; a notarial power carries none, so that nobody enters
// more by it than he holds himself. FieldErrors; "taken" for a number that the
// organisation's book has already.
func (d *Directory) AddPower(ctx context.Context, actor Actor, organisationID string, n NewPower) (PowerOfAttorney, error) {
	var f fields
	p := f.power(n, d.time())
	if err := f.err(); err != nil {
		return PowerOfAttorney{}, err
	}
	err := d.givingPower(ctx, actor, organisationID, n.ParentID, "power.created", func(ctx context.Context, o Organisation, held rights) error {
		if err := d.powerFits(ctx, o, &p); err != nil {
			return err
		}
		if gained := p.set(); p.Form.typed() && !held.grantable().covers(gained) {
			return fmt.Errorf("%w: it would grant %v, which the actor does not hold", ErrForbidden, (gained &^ held.grantable()).list())
		}
		if err := d.notToOneself(ctx, actor, p); err != nil {
			return err
		}
		if !actor.Details.allowPower(p) {
			return ErrDetailsExceeded
		}
		now := d.time()
		p.ID, p.OrganisationID, p.GrantedBy = storage.NewID(), o.ID, actor.PersonID
		p.Version, p.CreatedAt, p.UpdatedAt = 1, now, now
		if p.Status.Over() {
			p.EndedAt = now
		}
		if err := d.insertPower(ctx, p); err != nil {
			return err
		}
		return d.powerMoved(ctx, actor, p, "power.created")
	})
	if err != nil {
		return PowerOfAttorney{}, err
	}
	return p, nil
}

// notToOneself keeps who enters a notarial power, on his word alone, from entering one
// to himself: it would outlive his place in the organisation. FieldErrors "self".
func (d *Directory) notToOneself(ctx context.Context, actor Actor, p PowerOfAttorney) error {
	if p.Form != PowerNotarial || p.RepresentedBy != RepresentsPerson || actor.PersonID == "" {
		return nil
	}
	person, err := d.Person(ctx, actor.PersonID)
	if err != nil {
		return err
	}
	// By numbers that nobody has vouched for yet, too: he may have them proved later.
	own := Representative{Kind: RepresentsPerson, SNILS: person.SNILS, INN: person.INN}
	if sameNumbers(p.Representative.V, own) {
		return FieldErrors{{Field: "representative", Code: "self"}}
	}
	return nil
}

// CheckPower says what AddPower would refuse, and changes nothing.
func (d *Directory) CheckPower(ctx context.Context, actor Actor, organisationID string, n NewPower) error {
	var f fields
	p := f.power(n, d.time())
	if err := f.err(); err != nil {
		return err
	}
	return d.givingPower(ctx, actor, organisationID, n.ParentID, "power.created", func(ctx context.Context, o Organisation, _ rights) error {
		if !actor.Details.allowPower(p) {
			return ErrDetailsExceeded
		}
		if err := d.notToOneself(ctx, actor, p); err != nil {
			return err
		}
		return d.powerFits(ctx, o, &p)
	})
}

// givingPower runs fn with what the actor holds as a giver of powers.
func (d *Directory) givingPower(ctx context.Context, actor Actor, organisationID, parentID, action string,
	fn func(ctx context.Context, o Organisation, held rights) error,
) error {
	if parentID == "" {
		return d.within(ctx, actor, organisationID, PowersWrite, action, fn)
	}
	err := d.db.Tx(ctx, func(ctx context.Context) error {
		o, err := d.lockOrganisation(ctx, organisationID)
		if err != nil {
			return err
		}
		parent, err := d.PowerByID(ctx, parentID)
		if err != nil {
			return err
		}
		if parent.OrganisationID != o.ID {
			return fmt.Errorf("directory: power to hand on: %w", storage.ErrNotFound)
		}
		held, err := d.rights(ctx, actor, o.ID)
		if err == nil && held.set.covers(setOf([]Permission{PowersWrite})) {
			return fn(ctx, o, held) // the principal's own people enter what was handed on
		}
		if err != nil && !errors.Is(err, ErrForbidden) {
			return err
		}
		if err := d.mayRepresent(ctx, actor, parent); err != nil {
			return err
		}
		if stopped, err := d.stoppedIn(ctx, actor.PersonID); err != nil || slices.Contains(stopped, o.ID) {
			return cmp.Or(err, fmt.Errorf("%w: stopped by an administrator", ErrForbidden))
		}
		return fn(ctx, o, rights{set: parent.set()}.within(actor.Details))
	})
	if errors.Is(err, ErrForbidden) {
		err = errors.Join(err, d.refused(ctx, actor, organisationID, action, err))
	}
	return err
}

// mayRepresent returns ErrForbidden unless the actor speaks for the power's
// representative: is the person, or manages the powers of the organisation.
func (d *Directory) mayRepresent(ctx context.Context, actor Actor, p PowerOfAttorney) error {
	stranger := fmt.Errorf("%w: not the representative", ErrForbidden)
	switch {
	case actor.system:
		return nil
	case p.RepresentedBy == RepresentsPerson:
		person, err := d.Person(ctx, actor.PersonID)
		if err == nil && (person.Status != StatusActive || !p.Representative.V.Is(person)) || errors.Is(err, storage.ErrNotFound) {
			return stranger
		}
		return err
	case actor.PersonID == "":
		return stranger // a client holds permissions, and in which organisation is not told here
	default:
		o, err := d.OrganisationByINN(ctx, p.Representative.V.INN)
		if errors.Is(err, storage.ErrNotFound) {
			return stranger
		}
		if err != nil {
			return err
		}
		held, err := d.rights(ctx, actor, o.ID)
		if err == nil && !held.set.covers(setOf([]Permission{PowersWrite})) {
			return stranger
		}
		return err
	}
}

func (d *Directory) insertPower(ctx context.Context, p PowerOfAttorney) error {
	n, err := d.db.Exec(ctx, `INSERT INTO powers (`+powerNames+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
		$12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24) ON CONFLICT DO NOTHING`,
		p.ID, p.Number, p.OrganisationID, p.ParentID, p.ReplacesID, p.Form, p.Status, p.Reason, p.Irrevocable,
		p.RepresentedBy, p.RepresentativeKey, p.Representative, p.Powers, p.Limits, p.Delegation, p.IssuedAt, p.ValidUntil,
		p.GrantedBy, p.Search, p.Reminded, p.Version, p.CreatedAt, p.UpdatedAt, p.EndedAt)
	if err == nil && n == 0 {
		return FieldErrors{{Field: "number", Code: "taken"}}
	}
	return wrapped("insert power", err)
}
