package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"propusk/storage"
	"propusk/storage/revocation"
)

// The kinds of organisations.
const (
	KindLegal = "legal" // юридическое лицо: ИНН of ten digits, КПП, ОГРН
	KindSole  = "sole"  // индивидуальный предприниматель: ИНН of twelve digits, ОГРНИП
)

// The Authentication Context Class References that an organisation may demand.
const (
	ACROneFactor  = "urn:propusk:1"
	ACRTwoFactors = "urn:propusk:2"
	ACRQualified  = "urn:propusk:qualified"
)

// acrs orders what an organisation may demand, from nothing of its own.
var acrs = []string{"", ACROneFactor, ACRTwoFactors, ACRQualified}

// Organisation is a legal entity or a sole proprietor that has a cabinet here.
type Organisation struct {
	ID            string       `db:"id"`
	Kind          string       `db:"kind"` // KindLegal or KindSole
	INN           string       `db:"inn"`
	KPP           string       `db:"kpp"`  // "" for a sole proprietor
	OGRN          string       `db:"ogrn"` // ОГРНИП for a sole proprietor
	Name          string       `db:"name"` // short: ООО «Ромашка»
	FullName      string       `db:"full_name"`
	Address       string       `db:"address"`        // the registered one
	ActualAddress string       `db:"actual_address"` // "" when it is the registered one
	Phone         string       `db:"phone"`          // E.164 or ""
	Email         string       `db:"email"`          // where notices of changes go; "" = to every administrator
	Status        string       `db:"status"`         // StatusActive or StatusClosed
	RequiredACR   string       `db:"required_acr"`   // one of the ACR constants, or "" for the server's own floor
	Version       int64        `db:"version"`        // counts the changes of this record
	CreatedAt     storage.Time `db:"created_at"`
	UpdatedAt     storage.Time `db:"updated_at"`
	ClosedAt      storage.Time `db:"closed_at"`
}

// NewOrganisation is what an organisation begins with. Numbers are taken
// exactly (no spaces) and checked.
type NewOrganisation struct {
	Kind, INN, KPP, OGRN   string
	Name, FullName         string // FullName "" is Name
	Address, ActualAddress string
	Phone, Email           string
	RequiredACR            string
}

// OrganisationPatch changes what is not nil. ИНН, КПП, ОГРН and the names come
// from the register and are not among it.
type OrganisationPatch struct {
	Address, ActualAddress, Phone, Email *string
	// RequiredACR takes an administrator: it decides who can still sign in.
	RequiredACR *string
	// Version, when not nil, must be the record's present one: ErrStale
	// otherwise (RFC 9110 §13.1.1, If-Match).
	Version *int64
}

const organisationNames = `id, kind, inn, kpp, ogrn, name, full_name, address, actual_address, phone, email,
	status, required_acr, version, created_at, updated_at, closed_at`

var (
	organisationByID = "SELECT " + columns("o", "", organisationNames) + " FROM organisations o WHERE o.id = $1"
	// A legal entity's branches share its ИНН, so there is one cabinet for
	// them all.
	organisationByINN = "SELECT " + columns("o", "", organisationNames) + ` FROM organisations o
		WHERE o.inn = $1 AND o.status = 'active'`
	organisationsPage = "SELECT " + columns("o", "", organisationNames) + ` FROM organisations o
		WHERE o.id > $1 ORDER BY o.id LIMIT $2`
	organisationLocked = `UPDATE organisations SET members_version = members_version + 1
		WHERE id = $1 AND status = 'active' RETURNING ` + organisationNames
)

// Organisation reads one, also a closed one; storage.ErrNotFound.
func (d *Directory) Organisation(ctx context.Context, id string) (Organisation, error) {
	var o Organisation
	if err := d.db.Get(ctx, &o, organisationByID, id); err != nil {
		return Organisation{}, fmt.Errorf("directory: organisation: %w", err)
	}
	return o, nil
}

// OrganisationByINN reads the active organisation with this ИНН;
// storage.ErrNotFound.
func (d *Directory) OrganisationByINN(ctx context.Context, inn string) (Organisation, error) {
	var o Organisation
	if err := d.db.Get(ctx, &o, organisationByINN, inn); err != nil {
		return Organisation{}, fmt.Errorf("directory: organisation by INN: %w", err)
	}
	return o, nil
}

// Organisations lists all, closed ones too, in the order in which they came.
func (d *Directory) Organisations(ctx context.Context, p Page) (organisations []Organisation, next string, err error) {
	if err := d.db.Select(ctx, &organisations, organisationsPage, p.After, p.limit()+1); err != nil {
		return nil, "", fmt.Errorf("directory: organisations: %w", err)
	}
	organisations, next = page(organisations, p.limit(), func(o Organisation) string { return o.ID })
	return organisations, next, nil
}

// lockOrganisation takes the row lock that puts all changes of one
// organisation's members in order; storage.ErrNotFound when there is no such
// active one.
func (d *Directory) lockOrganisation(ctx context.Context, id string) (Organisation, error) {
	var o Organisation
	if err := d.db.Get(ctx, &o, organisationLocked, id); err != nil {
		return Organisation{}, fmt.Errorf("directory: lock organisation: %w", err)
	}
	return o, nil
}

// Lock puts the transaction of ctx in line with everything else that is counted or
// changed under the organisation's lock; storage.ErrNotFound when there is no such
// active one.
func (d *Directory) Lock(ctx context.Context, organisationID string) error {
	_, err := d.lockOrganisation(ctx, organisationID)
	return err
}

// CreateOrganisation adds an organisation together with its first member, who
// is its administrator: role must be Administrator, or "" for the same. It
// returns FieldErrors, with the code "taken" when an active organisation has
// the ИНН or ОГРН.
func (d *Directory) CreateOrganisation(ctx context.Context, n NewOrganisation, firstAdministrator string, role Role) (Organisation, Member, error) {
	if role != "" && role != Administrator {
		return Organisation{}, Member{}, fmt.Errorf("%w: the first member must be one", ErrLastAdministrator)
	}
	return d.RegisterOrganisation(ctx, Actor{}, n, firstAdministrator, "")
}

func (d *Directory) insertOrganisation(ctx context.Context, o Organisation) error {
	n, err := d.db.Exec(ctx, `INSERT INTO organisations (`+organisationNames+`, administrators, members_version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 1, 1) ON CONFLICT DO NOTHING`,
		o.ID, o.Kind, o.INN, o.KPP, o.OGRN, o.Name, o.FullName, o.Address, o.ActualAddress, o.Phone, o.Email,
		o.Status, o.RequiredACR, o.Version, o.CreatedAt, o.UpdatedAt, o.ClosedAt)
	if err != nil {
		return fmt.Errorf("directory: insert organisation: %w", err)
	}
	if n == 1 {
		return nil
	}
	var f fields
	if _, err := d.OrganisationByINN(ctx, o.INN); err == nil {
		f.faults.add("inn", "taken")
	} else {
		f.faults.add("ogrn", "taken")
	}
	return f.err()
}

// UpdateOrganisation changes contacts, addresses and the demanded assurance. It
// takes organization:write, and an administrator for RequiredACR.
//
// A demand that is raised is in force at once: every member's live tokens of the
// organisation are revoked, as nobody here knows how strong a sign-in they come
// from. Who proved enough gets new ones by a refresh; the others must sign in.
func (d *Directory) UpdateOrganisation(ctx context.Context, actor Actor, id string, patch OrganisationPatch) (Organisation, error) {
	var updated Organisation
	err := d.within(ctx, actor, id, OrganizationWrite, "organisation.updated", func(ctx context.Context, o Organisation, held rights) error {
		if patch.Version != nil && *patch.Version != o.Version {
			return ErrStale
		}
		demanded := o.RequiredACR
		changed, err := patch.apply(&o)
		if err != nil {
			return err
		}
		if slices.Contains(changed, "required_acr") && !held.administrator {
			return fmt.Errorf("%w: the demanded assurance is a matter for administrators", ErrForbidden)
		}
		updated = o
		if len(changed) == 0 {
			return nil
		}
		if slices.Index(acrs, o.RequiredACR) > slices.Index(acrs, demanded) {
			if err := d.raiseEverybody(ctx, o.ID); err != nil {
				return err
			}
		}
		return d.storeOrganisation(ctx, actor, &updated, changed)
	})
	if err != nil {
		return Organisation{}, err
	}
	return updated, nil
}

func (d *Directory) storeOrganisation(ctx context.Context, actor Actor, o *Organisation, changed []string) error {
	err := d.db.Get(ctx, o, `UPDATE organisations SET address = $1, actual_address = $2, phone = $3, email = $4,
		required_acr = $5, version = version + 1, updated_at = $6 WHERE id = $7 RETURNING `+organisationNames,
		o.Address, o.ActualAddress, o.Phone, o.Email, o.RequiredACR, d.time(), o.ID)
	if err != nil {
		return fmt.Errorf("directory: update organisation: %w", err)
	}
	details := map[string]string{"fields": strings.Join(changed, " ")}
	if slices.Contains(changed, "required_acr") {
		details["required_acr"] = o.RequiredACR
	}
	if err := d.record(ctx, actor, o.ID, "organisation.updated", o.ID, details); err != nil {
		return err
	}
	return d.notifyResponsible(ctx, *o, notice{action: "organisation.updated"})
}

// apply puts the patch onto o and names the fields that it changed.
func (p OrganisationPatch) apply(o *Organisation) (changed []string, err error) {
	var f fields
	set := func(field string, to *string, from *string, normalise func(string) string) {
		if from == nil {
			return
		}
		if value := normalise(*from); value != *to {
			*to = value
			changed = append(changed, field)
		}
	}
	address := func(field string) func(string) string {
		return func(s string) string { return f.text(field, s, maxAddress, false) }
	}
	set("address", &o.Address, p.Address, address("address"))
	set("actual_address", &o.ActualAddress, p.ActualAddress, address("actual_address"))
	set("phone", &o.Phone, p.Phone, func(s string) string { return f.optional("phone", s, NormalisePhone) })
	set("email", &o.Email, p.Email, func(s string) string { return f.optional("email", s, NormaliseEmail) })
	set("required_acr", &o.RequiredACR, p.RequiredACR, func(s string) string { f.acr(s); return s })
	return changed, f.err()
}

// CloseOrganisation ends an organisation: its members lose it at once, its
// tokens die, its invitations are withdrawn. Records and journal stay. It takes
// an administrator.
func (d *Directory) CloseOrganisation(ctx context.Context, actor Actor, id string) error {
	const action = "organisation.closed"
	return d.within(ctx, actor, id, OrganizationWrite, action, func(ctx context.Context, o Organisation, held rights) error {
		if !held.administrator {
			return fmt.Errorf("%w: closing is a matter for administrators", ErrForbidden)
		}
		if err := d.notifyResponsible(ctx, o, notice{action: action}); err != nil {
			return err
		}
		_, err := d.db.Exec(ctx, `UPDATE organisations SET status = 'closed', version = version + 1,
			updated_at = $1, closed_at = $1 WHERE id = $2`, d.time(), id)
		if err != nil {
			return fmt.Errorf("directory: close organisation: %w", err)
		}
		if err := d.withdrawAll(ctx, id); err != nil {
			return err
		}
		if err := d.endPowersOf(ctx, actor, o); err != nil {
			return err
		}
		if err := d.revocations.Revoke(ctx, revocation.Entry{Kind: revocation.KindOrganisation, Key: id}); err != nil {
			return fmt.Errorf("directory: revoke organisation: %w", err)
		}
		return d.record(ctx, actor, id, action, id, nil)
	})
}

// moveAdministrators counts administrators up or down. The database refuses to
// come to none.
func (d *Directory) moveAdministrators(ctx context.Context, organisationID string, by int) error {
	if by == 0 {
		return nil
	}
	_, err := d.db.Exec(ctx, `UPDATE organisations SET administrators = administrators + $1 WHERE id = $2`, by, organisationID)
	switch {
	case errors.Is(err, storage.ErrCheck):
		return fmt.Errorf("%w: %w", ErrLastAdministrator, err)
	case err != nil:
		return fmt.Errorf("directory: count administrators: %w", err)
	}
	return nil
}
