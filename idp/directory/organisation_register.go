package directory

import (
	"context"

	"propusk/storage"
)

// RegisterOrganisation adds an organisation together with its first member, an
// administrator in the position given, for an actor who has shown that he may
// (the caller has checked how). FieldErrors as CreateOrganisation.
func (d *Directory) RegisterOrganisation(ctx context.Context, actor Actor, n NewOrganisation, firstAdministrator, position string) (Organisation, Member, error) {
	var f fields
	n = f.organisation(n)
	position = f.text("position", position, maxName, false)
	if err := f.err(); err != nil {
		return Organisation{}, Member{}, err
	}
	now := d.time()
	o := Organisation{
		ID: storage.NewID(), Kind: n.Kind, INN: n.INN, KPP: n.KPP, OGRN: n.OGRN, Name: n.Name, FullName: n.FullName,
		Address: n.Address, ActualAddress: n.ActualAddress, Phone: n.Phone, Email: n.Email,
		Status: StatusActive, RequiredACR: n.RequiredACR, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	var first Member
	err := d.db.Tx(ctx, func(ctx context.Context) error {
		if _, err := d.activePerson(ctx, firstAdministrator); err != nil {
			return err
		}
		if err := d.insertOrganisation(ctx, o); err != nil {
			return err
		}
		var err error
		first, err = d.insertMember(ctx, o.ID, firstAdministrator, standing{role: Administrator}, position)
		if err != nil {
			return err
		}
		return d.record(ctx, actor, o.ID, "organisation.created", o.ID,
			map[string]string{"inn": MaskField("inn", o.INN), "administrator": firstAdministrator})
	})
	if err != nil {
		return Organisation{}, Member{}, err
	}
	return o, first, nil
}
