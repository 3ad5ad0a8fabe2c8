package directory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"propusk/storage"
	"propusk/storage/revocation"
)

// Representation is a person's place in an organisation of which he is no
// member: what its live powers of attorney let him do.
type Representation struct {
	Organisation
	Powers []PowerOfAttorney // live ones, the one that ends last first
	// Version of the person's rights by power; `mv` in tokens. It counts apart
	// from a membership's. Representations leaves it out.
	Version int64
}

// Permissions is the union of what the live powers list, and nothing more.
func (r Representation) Permissions() []Permission { return r.set().list() }

func (r Representation) set() (set permissionSet) {
	for _, p := range r.Powers {
		set |= p.set()
	}
	return set
}

const (
	liveOfKeys = ` FROM powers w WHERE w.representative_key IN ($1, $2) AND w.status = 'active'
		AND w.issued_at <= $3 AND w.valid_until > $3`
	liveOfPerformer = ` FROM power_performers f JOIN powers w ON w.id = f.power_id
		JOIN organisations r ON w.representative_key = 'org:' || r.inn AND r.status = 'active'
		JOIN members m ON m.organisation_id = r.id AND m.person_id = f.person_id AND m.removed_at = 0 AND m.stopped_at = 0
		WHERE f.person_id = $1 AND w.status = 'active' AND w.issued_at <= $2 AND w.valid_until > $2`
)

// livePowers are the powers that the person can use now: those given to him, and
// those given to an organisation that named him and of which he is a member.
// Whoever is blocked has none, and who is stopped in an organisation none of its own.
func (d *Directory) livePowers(ctx context.Context, personID string) ([]PowerOfAttorney, error) {
	p, err := d.Person(ctx, personID)
	if err != nil {
		return nil, err
	}
	if p.Status != StatusActive {
		return nil, nil
	}
	powers, err := d.usablePowers(ctx, p)
	if err != nil || len(powers) == 0 {
		return nil, err
	}
	stopped, err := d.stoppedIn(ctx, personID)
	return slices.DeleteFunc(powers, func(p PowerOfAttorney) bool { return slices.Contains(stopped, p.OrganisationID) }), err
}

// stoppedIn lists the organisations of which the person is a member who is stopped.
func (d *Directory) stoppedIn(ctx context.Context, personID string) (organisations []string, err error) {
	err = d.db.Select(ctx, &organisations, `SELECT organisation_id FROM members
		WHERE person_id = $1 AND removed_at = 0 AND stopped_at <> 0`, personID)
	return organisations, wrapped("where a person is stopped", err)
}

// usablePowers is livePowers whether or not the person is blocked.
func (d *Directory) usablePowers(ctx context.Context, p Person) ([]PowerOfAttorney, error) {
	own, err := d.powersOfPerson(ctx, p)
	if err != nil {
		return nil, err
	}
	var named []PowerOfAttorney
	err = d.db.Select(ctx, &named, "SELECT "+columns("w", "", powerNames)+liveOfPerformer, p.ID, d.time())
	if err != nil {
		return nil, fmt.Errorf("directory: powers of a performer: %w", err)
	}
	list := append(own, named...)
	slices.SortFunc(list, func(a, b PowerOfAttorney) int {
		if a.ValidUntil != b.ValidUntil {
			return int(min(max(b.ValidUntil-a.ValidUntil, -1), 1))
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list, nil
}

func (d *Directory) powersOfPerson(ctx context.Context, p Person) ([]PowerOfAttorney, error) {
	keys := personKeys(p)
	if keys == nil {
		return nil, nil
	}
	var list []PowerOfAttorney
	err := d.db.Select(ctx, &list, "SELECT "+columns("w", "", powerNames)+liveOfKeys, keys[0], keys[1], d.time())
	if err != nil {
		return nil, fmt.Errorf("directory: powers of a person: %w", err)
	}
	return slices.DeleteFunc(list, func(w PowerOfAttorney) bool { return !w.Representative.V.Is(p) }), nil
}

// personKeys are the two keys under which powers to the person stand; nil when
// none of his numbers is proved.
func personKeys(p Person) []string {
	keys := []string{"-", "-"} // keys of nobody
	if p.SNILSVerified && p.SNILS != "" {
		keys[0] = "snils:" + p.SNILS
	}
	if p.INNVerified && p.INN != "" {
		keys[1] = "inn:" + p.INN
	}
	if keys[0] == "-" && keys[1] == "-" {
		return nil
	}
	return keys
}

// PowersOfPerson lists the live powers that the person himself can use, the one
// that ends last first.
func (d *Directory) PowersOfPerson(ctx context.Context, personID string) ([]PowerOfAttorney, error) {
	return d.livePowers(ctx, personID)
}

// PowerOfPerson reads a power that the person can use now, was given himself or
// has handed on; storage.ErrNotFound for any other.
func (d *Directory) PowerOfPerson(ctx context.Context, personID, id string) (PowerOfAttorney, error) {
	none := fmt.Errorf("directory: power of a person: %w", storage.ErrNotFound)
	person, err := d.Person(ctx, personID)
	if err != nil || person.Status != StatusActive {
		return PowerOfAttorney{}, cmp.Or(err, none)
	}
	p, err := d.PowerByID(ctx, id)
	if err != nil {
		return PowerOfAttorney{}, err
	}
	if p.Representative.V.Is(person) && p.shown() {
		return p, nil
	}
	if p.ParentID != "" {
		parent, err := d.PowerByID(ctx, p.ParentID)
		if err != nil {
			return PowerOfAttorney{}, err
		}
		if parent.Representative.V.Is(person) {
			return p, nil
		}
	}
	live, err := d.livePowers(ctx, personID)
	if err != nil {
		return PowerOfAttorney{}, err
	}
	if !slices.ContainsFunc(live, func(w PowerOfAttorney) bool { return w.ID == id }) {
		return PowerOfAttorney{}, none
	}
	return p, nil
}

// Heads are the members of the organisation with the role of its head.
func (d *Directory) Heads(ctx context.Context, organisationID string) ([]MemberView, error) {
	var list []MemberView
	err := d.db.Select(ctx, &list, memberView+` AND m.role = 'head' AND p.status = 'active' ORDER BY m.id`, organisationID)
	return list, wrapped("heads", err)
}

// Representations are the active organisations that the person may enter by
// power of attorney, by name. One of which he is a member is not among them: the
// membership wins.
func (d *Directory) Representations(ctx context.Context, personID string) ([]Representation, error) {
	powers, err := d.livePowers(ctx, personID)
	if err != nil || len(powers) == 0 {
		return nil, err
	}
	var list []Representation
	for _, id := range principals(powers) {
		r, err := d.represent(ctx, personID, id, powers)
		if errors.Is(err, storage.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b Representation) int {
		return strings.Compare(a.Name+a.Organisation.ID, b.Name+b.Organisation.ID)
	})
	return list, nil
}

func principals(powers []PowerOfAttorney) (ids []string) {
	for _, p := range powers {
		if !slices.Contains(ids, p.OrganisationID) {
			ids = append(ids, p.OrganisationID)
		}
	}
	return ids
}

// Representation is the person's place in the organisation by power of attorney;
// storage.ErrNotFound when he has none, or is a member.
func (d *Directory) Representation(ctx context.Context, personID, organisationID string) (Representation, error) {
	// The version first: where a power ends between the two readings, the version is
	// that of before, and a token with it is dead already.
	version, err := d.powerVersion(ctx, personID, organisationID)
	if err != nil {
		return Representation{}, err
	}
	powers, err := d.livePowers(ctx, personID)
	if err != nil {
		return Representation{}, err
	}
	r, err := d.represent(ctx, personID, organisationID, powers)
	if err != nil {
		return Representation{}, err
	}
	r.Version = version
	return r, nil
}

func (d *Directory) represent(ctx context.Context, personID, organisationID string, powers []PowerOfAttorney) (Representation, error) {
	none := fmt.Errorf("directory: representation: %w", storage.ErrNotFound)
	of := slices.DeleteFunc(slices.Clone(powers), func(p PowerOfAttorney) bool { return p.OrganisationID != organisationID })
	if len(of) == 0 {
		return Representation{}, none
	}
	o, err := d.Organisation(ctx, organisationID)
	if err != nil {
		return Representation{}, err
	}
	if o.Status != StatusActive {
		return Representation{}, none
	}
	if _, err := d.Membership(ctx, personID, organisationID); err == nil {
		return Representation{}, none
	} else if !errors.Is(err, storage.ErrNotFound) {
		return Representation{}, err
	}
	return Representation{Organisation: o, Powers: of}, nil
}

func (d *Directory) powerVersion(ctx context.Context, personID, organisationID string) (int64, error) {
	var version int64
	err := d.db.Get(ctx, &version, `SELECT version FROM power_versions WHERE person_id = $1 AND organisation_id = $2`,
		personID, organisationID)
	if errors.Is(err, storage.ErrNotFound) {
		return 1, nil
	}
	return version, wrapped("version of powers", err)
}

// raisePowers makes the person's tokens by power of attorney in the organisation
// dead, on every node.
func (d *Directory) raisePowers(ctx context.Context, personID, organisationID string) error {
	var version int64
	err := d.db.Get(ctx, &version, `INSERT INTO power_versions (person_id, organisation_id, version) VALUES ($1, $2, 2)
		ON CONFLICT (person_id, organisation_id) DO UPDATE SET version = power_versions.version + 1 RETURNING version`,
		personID, organisationID)
	if err != nil {
		return fmt.Errorf("directory: raise version of powers: %w", err)
	}
	return wrapped("revoke tokens by power", d.revocations.Revoke(ctx, revocation.Entry{
		Kind: revocation.KindPower, Key: revocation.Member(personID, organisationID), Below: version,
	}))
}

// raiseHolders makes dead the tokens of everybody who acts under the power, and
// those of the programs of an organisation that does.
func (d *Directory) raiseHolders(ctx context.Context, p PowerOfAttorney) error {
	holders, err := d.PowerHolders(ctx, p)
	if err != nil {
		return err
	}
	for _, person := range holders {
		if err := d.raisePowers(ctx, person, p.OrganisationID); err != nil {
			return err
		}
	}
	return d.raiseServices(ctx, p)
}

// PowerHolders are the ids of the people who act under the power: the
// representative's account, or those whom the organisation named.
func (d *Directory) PowerHolders(ctx context.Context, p PowerOfAttorney) (people []string, err error) {
	if p.RepresentedBy == RepresentsOrganisation {
		err = d.db.Select(ctx, &people, `SELECT person_id FROM power_performers WHERE power_id = $1 ORDER BY person_id`, p.ID)
		return people, wrapped("performers", err)
	}
	var found []Person
	kind, number, _ := strings.Cut(p.RepresentativeKey, ":")
	if kind != "snils" {
		kind = "inn"
	}
	err = d.db.Select(ctx, &found, "SELECT "+columns("p", "", personNames)+" FROM persons p WHERE p."+kind+" = $1", number)
	for _, person := range found {
		if p.Representative.V.Is(person) {
			people = append(people, person.ID)
		}
	}
	return people, wrapped("find the representative", err)
}

// raiseRepresented makes dead every token that the person has by power of attorney.
func (d *Directory) raiseRepresented(ctx context.Context, personID string) error {
	p, err := d.Person(ctx, personID)
	if err != nil {
		return err
	}
	powers, err := d.usablePowers(ctx, p)
	if err != nil {
		return err
	}
	for _, principal := range principals(powers) {
		if err := d.raisePowers(ctx, personID, principal); err != nil {
			return err
		}
	}
	return nil
}

// raiseRepresentatives makes dead the tokens of everybody who acts for the
// organisation by power of attorney, for a demand that has grown.
func (d *Directory) raiseRepresentatives(ctx context.Context, organisationID string) error {
	return d.raiseEach(ctx, `SELECT `+powerNames+` FROM powers WHERE organisation_id = $1 AND status = 'active' ORDER BY id`, organisationID)
}

// raisePerformer makes dead the tokens that a person had because the organisation,
// which he has left, named him. Should he come back, he is not named any more.
func (d *Directory) raisePerformer(ctx context.Context, personID, organisationID string) error {
	var principals []string
	err := d.db.Select(ctx, &principals, `SELECT DISTINCT w.organisation_id FROM power_performers f
		JOIN powers w ON w.id = f.power_id AND w.status = 'active'
		JOIN organisations r ON w.representative_key = 'org:' || r.inn
		WHERE f.person_id = $1 AND r.id = $2 ORDER BY w.organisation_id`, personID, organisationID)
	if err != nil {
		return fmt.Errorf("directory: powers of who left: %w", err)
	}
	for _, principal := range principals {
		if err := d.raisePowers(ctx, personID, principal); err != nil {
			return err
		}
	}
	_, err = d.db.Exec(ctx, `DELETE FROM power_performers WHERE person_id = $1 AND power_id IN (
		SELECT w.id FROM powers w JOIN organisations r ON w.representative_key = 'org:' || r.inn WHERE r.id = $2)`,
		personID, organisationID)
	return wrapped("forget a performer", err)
}

func (d *Directory) raiseEach(ctx context.Context, query string, args ...any) error {
	var powers []PowerOfAttorney
	if err := d.db.Select(ctx, &powers, query, args...); err != nil {
		return fmt.Errorf("directory: powers to raise: %w", err)
	}
	for _, p := range powers {
		if err := d.raiseHolders(ctx, p); err != nil {
			return err
		}
	}
	return nil
}
