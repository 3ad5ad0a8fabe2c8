package directory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"propusk/storage"
)

// PowerForm is how a power of attorney was given.
type PowerForm string

// The forms.
const (
	PowerNotarial PowerForm = "notarial" // нотариальная: a notary answers for it
	PowerSimple   PowerForm = "simple"   // простая письменная, with the principal's qualified signature
	PowerMachine  PowerForm = "machine"  // машиночитаемая (МЧД), signed by the principal's head
)

// typed reports whether what the power allows was typed from paper, and not signed
// as a program reads it.
func (f PowerForm) typed() bool { return f == PowerNotarial || f == PowerSimple }

// PowerStatus is where a power of attorney stands.
type PowerStatus string

// The statuses.
const (
	PowerDraft    PowerStatus = "draft"    // made here, not signed yet
	PowerChecking PowerStatus = "checking" // signed, and the signature could not be judged yet
	PowerActive   PowerStatus = "active"
	PowerExpired  PowerStatus = "expired"
	PowerRevoked  PowerStatus = "revoked" // taken back, or given up
	PowerRefused  PowerStatus = "refused" // what was checked did not stand
)

// powerMoves is the state machine; expiry and revocation are ends.
var powerMoves = map[PowerStatus][]PowerStatus{
	PowerDraft:    {PowerActive, PowerChecking, PowerRefused, PowerRevoked},
	PowerChecking: {PowerActive, PowerRefused, PowerRevoked},
	PowerActive:   {PowerExpired, PowerRevoked},
}

// May reports whether a power may go from s to another status.
func (s PowerStatus) May(to PowerStatus) bool { return slices.Contains(powerMoves[s], to) }

// Over reports whether nothing more can come of it.
func (s PowerStatus) Over() bool { return len(powerMoves[s]) == 0 }

// PowerStatuses lists the statuses in the order in which a power meets them.
func PowerStatuses() []PowerStatus {
	return []PowerStatus{PowerDraft, PowerChecking, PowerActive, PowerExpired, PowerRevoked, PowerRefused}
}

// The kinds of representatives.
const (
	RepresentsPerson       = "person"
	RepresentsOrganisation = "organisation"
)

// Representative is to whom a power of attorney is given. He is found by his
// numbers and never by his name.
type Representative struct {
	Kind       string `json:"kind"` // RepresentsPerson or RepresentsOrganisation
	LastName   string `json:"last_name,omitempty"`
	FirstName  string `json:"first_name,omitempty"`
	MiddleName string `json:"middle_name,omitempty"`
	SNILS      string `json:"snils,omitempty"` // of a person; eleven digits
	Name       string `json:"name,omitempty"`  // of an organisation
	INN        string `json:"inn,omitempty"`
	OGRN       string `json:"ogrn,omitempty"`
}

// FullName is the representative's name as documents write it.
func (r Representative) FullName() string {
	if r.Kind == RepresentsOrganisation {
		return r.Name
	}
	return Person{LastName: r.LastName, FirstName: r.FirstName, MiddleName: r.MiddleName}.FullName()
}

// key is by what the representative's account or cabinet is found.
func (r Representative) key() string {
	switch {
	case r.Kind == RepresentsOrganisation:
		return organisationKey(r.INN)
	case r.SNILS != "":
		return "snils:" + r.SNILS
	default:
		return "inn:" + r.INN
	}
}

func organisationKey(inn string) string { return "org:" + inn }

// Is reports whether the person is the representative: every number of the power
// that the person has proved must be the same, and one at least must be. The
// same name means nothing.
func (r Representative) Is(p Person) bool {
	snils, inn := p.SNILSVerified && p.SNILS != "", p.INNVerified && p.INN != ""
	if r.Kind != RepresentsPerson || r.SNILS != "" && snils && r.SNILS != p.SNILS || r.INN != "" && inn && r.INN != p.INN {
		return false
	}
	return r.SNILS != "" && snils || r.SNILS == "" && r.INN != "" && inn
}

// PowerOfAttorney is a доверенность of an organisation that has a cabinet here.
// What it says does not change once it is active; a correction is another power
// that replaces it (A7 162).
type PowerOfAttorney struct {
	ID                string                       `db:"id"`
	Number            string                       `db:"number"`          // GUID, lower case
	OrganisationID    string                       `db:"organisation_id"` // the principal
	ParentID          string                       `db:"parent_id"`       // the power that this one is handed on from; "" = the principal gave it
	ReplacesID        string                       `db:"replaces_id"`     // the power that ends when this one begins; "" = none
	Form              PowerForm                    `db:"form"`
	Status            PowerStatus                  `db:"status"` // as stored; see StatusAt
	Reason            string                       `db:"reason"` // why it was revoked or refused
	Irrevocable       bool                         `db:"irrevocable"`
	RepresentedBy     string                       `db:"representative_kind"`
	RepresentativeKey string                       `db:"representative_key"`
	Representative    storage.JSON[Representative] `db:"representative"`
	Powers            storage.JSON[[]string]       `db:"powers"` // codes of the classifier, sorted
	Limits            storage.JSON[PowerLimits]    `db:"limits"`
	Delegation        int                          `db:"delegation"`  // how many times it may be handed on
	IssuedAt          storage.Time                 `db:"issued_at"`   // the beginning of its first day
	ValidUntil        storage.Time                 `db:"valid_until"` // the end of its last day
	GrantedBy         string                       `db:"granted_by"`  // person id; "" = the system or a client
	Search            string                       `db:"search"`
	Reminded          int                          `db:"reminded"`
	Version           int64                        `db:"version"`
	CreatedAt         storage.Time                 `db:"created_at"`
	UpdatedAt         storage.Time                 `db:"updated_at"`
	EndedAt           storage.Time                 `db:"ended_at"` // 0 while it may come to something
}

// StatusAt is the status at now: a power is over with its last day, whether or
// not anybody has noted it.
func (p PowerOfAttorney) StatusAt(now storage.Time) PowerStatus {
	if !p.Status.Over() && now >= p.ValidUntil {
		return PowerExpired
	}
	return p.Status
}

// LiveAt reports whether the power can be used at now.
func (p PowerOfAttorney) LiveAt(now storage.Time) bool {
	return p.StatusAt(now) == PowerActive && p.IssuedAt <= now
}

// Permissions is what the power opens, sorted by name.
func (p PowerOfAttorney) Permissions() []Permission { return p.set().list() }

func (p PowerOfAttorney) set() permissionSet {
	set := powersSet(p.Powers.V)
	if !p.Limits.V.MaySign {
		set &^= signing
	}
	return set
}

// Allows reports whether the power, were it live, reaches as far as act.
func (p PowerOfAttorney) Allows(act Act) bool {
	bit := permissionBits[act.Permission]
	return bit != 0 && p.set()&bit != 0 && p.Limits.V.allows(act)
}

// moscow is the zone whose days powers of attorney count: the state's registers
// keep Moscow time, which has been UTC+3 since 2014.
var moscow = time.FixedZone("MSK", 3*60*60)

// PowerDay is the first moment of a date as forms write it, 2006-01-02; ok is
// false when it is none.
func PowerDay(date string) (begin storage.Time, ok bool) {
	day, err := time.ParseInLocation(time.DateOnly, date, moscow)
	if err != nil || day.Year() < 1991 || day.Year() > 2200 {
		return 0, false
	}
	return storage.Of(day), true
}

// FirstDay and LastDay are the power's term as forms write it.
func (p PowerOfAttorney) FirstDay() string { return p.IssuedAt.Time().In(moscow).Format(time.DateOnly) }

// LastDay is the last day on which the power can be used.
func (p PowerOfAttorney) LastDay() string {
	return p.ValidUntil.Add(-time.Second).Time().In(moscow).Format(time.DateOnly)
}

// Title names the power to whoever enters by it, in lang ("en", anything else is
// Russian): по доверенности № … до ….
func (p PowerOfAttorney) Title(lang string) string {
	if lang == "en" {
		return "by power of attorney No. " + p.Number + " until " + p.LastDay()
	}
	day := p.ValidUntil.Add(-time.Second).Time().In(moscow)
	return "по доверенности № " + p.Number + " до " + day.Format("02.01.2006")
}

const powerNames = `id, number, organisation_id, parent_id, replaces_id, form, status, reason, irrevocable,
	representative_kind, representative_key, representative, powers, limits, delegation, issued_at, valid_until,
	granted_by, search, reminded, version, created_at, updated_at, ended_at`

var powerByID = "SELECT " + powerNames + " FROM powers WHERE id = $1"

// PowerByID reads a power whoever's it is; storage.ErrNotFound. The caller has
// decided who may see it: see Power.
func (d *Directory) PowerByID(ctx context.Context, id string) (PowerOfAttorney, error) {
	var p PowerOfAttorney
	if err := d.db.Get(ctx, &p, powerByID, id); err != nil {
		return PowerOfAttorney{}, fmt.Errorf("directory: power of attorney: %w", err)
	}
	return p, nil
}

// Power reads a power that the organisation gave, was given or handed on;
// storage.ErrNotFound for any other, as for one that does not exist.
func (d *Directory) Power(ctx context.Context, organisationID, id string) (PowerOfAttorney, error) {
	p, err := d.PowerByID(ctx, id)
	if err != nil || p.OrganisationID == organisationID {
		return p, err
	}
	o, err := d.Organisation(ctx, organisationID)
	if err != nil {
		return PowerOfAttorney{}, err
	}
	if p.RepresentativeKey == organisationKey(o.INN) && p.shown() {
		return p, nil
	}
	if p.ParentID != "" {
		parent, err := d.PowerByID(ctx, p.ParentID)
		if err != nil {
			return PowerOfAttorney{}, err
		}
		if parent.RepresentativeKey == organisationKey(o.INN) {
			return p, nil
		}
	}
	return PowerOfAttorney{}, fmt.Errorf("directory: power of attorney: %w", storage.ErrNotFound)
}

// shown reports whether the representative sees the power: not before it is whole.
func (p PowerOfAttorney) shown() bool {
	return p.Status != PowerDraft && p.Status != PowerChecking && p.Status != PowerRefused
}

// PowerByNumber reads the organisation's power with the number of its form;
// storage.ErrNotFound.
func (d *Directory) PowerByNumber(ctx context.Context, organisationID, number string) (PowerOfAttorney, error) {
	var p PowerOfAttorney
	err := d.db.Get(ctx, &p, "SELECT "+powerNames+` FROM powers
		WHERE organisation_id = $1 AND number = $2 AND status <> 'refused'`, organisationID, strings.ToLower(number))
	if err != nil {
		return PowerOfAttorney{}, fmt.Errorf("directory: power by number: %w", err)
	}
	return p, nil
}

// CheckingPowers lists powers whose signature could not be judged yet, in an order
// that stays.
func (d *Directory) CheckingPowers(ctx context.Context, p Page) (list []PowerOfAttorney, next string, err error) {
	err = d.db.Select(ctx, &list, "SELECT "+powerNames+` FROM powers WHERE status = 'checking' AND id > $1 ORDER BY id LIMIT $2`,
		p.After, p.limit()+1)
	if err != nil {
		return nil, "", fmt.Errorf("directory: powers that are checked: %w", err)
	}
	list, next = page(list, p.limit(), func(p PowerOfAttorney) string { return p.ID })
	return list, next, nil
}

// PowerFilter narrows a list of powers; the zero value shows all.
type PowerFilter struct {
	Status PowerStatus
	Form   PowerForm
	Query  string // a part of the number or of the representative's name or number
	// BeforeAt and BeforeID are the last row of the page before.
	BeforeAt storage.Time
	BeforeID string
	Limit    int
}

const endOfTime = storage.Time(1<<63 - 1)

// PowersGranted lists what the organisation gave, the newest first, one row more
// than the limit when there is more. The caller has checked powers:read.
func (d *Directory) PowersGranted(ctx context.Context, organisationID string, f PowerFilter) ([]PowerOfAttorney, error) {
	return d.powersBy(ctx, "organisation_id", organisationID, "", f)
}

// PowersGiven lists what the organisation was given by others: see shown.
func (d *Directory) PowersGiven(ctx context.Context, organisationID string, f PowerFilter) ([]PowerOfAttorney, error) {
	o, err := d.Organisation(ctx, organisationID)
	if err != nil {
		return nil, err
	}
	return d.powersBy(ctx, "representative_key", organisationKey(o.INN), " AND status NOT IN ('draft', 'checking', 'refused')", f)
}

// powersBy walks one of the two indexes backwards. An expired power may still be
// stored as active, so that the status is compared with the clock.
func (d *Directory) powersBy(ctx context.Context, column, value, more string, f PowerFilter) ([]PowerOfAttorney, error) {
	before := cmp.Or(f.BeforeAt, endOfTime)
	args := []any{value, before, f.BeforeID}
	query := "SELECT " + powerNames + " FROM powers WHERE " + column + ` = $1
		AND created_at <= $2 AND (created_at < $2 OR id < $3)` + more
	add := func(text string, arg any) {
		args = append(args, arg)
		query += fmt.Sprintf(text, len(args))
	}
	switch f.Status {
	case "":
	case PowerExpired:
		add(" AND (status = 'expired' OR status IN ('draft', 'checking', 'active') AND valid_until <= $%d)", d.time())
	case PowerDraft, PowerChecking, PowerActive:
		add(" AND status = $%d", string(f.Status))
		add(" AND valid_until > $%d", d.time())
	default:
		add(" AND status = $%d", string(f.Status))
	}
	if f.Form != "" {
		add(" AND form = $%d", string(f.Form))
	}
	if q := likePart(f.Query); q != "" {
		add(` AND search LIKE $%d ESCAPE '\'`, "%"+q+"%")
	}
	add(" ORDER BY created_at DESC, id DESC LIMIT $%d", Page{Limit: f.Limit}.limit()+1)
	var list []PowerOfAttorney
	if err := d.db.Select(ctx, &list, query, args...); err != nil {
		return nil, fmt.Errorf("directory: powers of attorney: %w", err)
	}
	return list, nil
}

// likePart is a search made safe for LIKE.
func likePart(query string) string {
	text, ok := line(query)
	if !ok {
		return ""
	}
	return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(text))
}
