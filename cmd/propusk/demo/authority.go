package demo

import (
	"context"

	bodies "propusk/cabinet/authority"
	"propusk/idp/directory"
)

// Records are what the demo's register says about the demo's organisations: as far
// as they are known here, the sandbox invents the rest.
func (d *Demo) Records(ctx context.Context) ([]bodies.Record, error) {
	var out []bodies.Record
	for _, o := range organisations {
		now, err := d.deps.Directory.Organisation(ctx, d.organisationID(o.key))
		if err != nil {
			return nil, err
		}
		r := bodies.Record{
			Kind: now.Kind, INN: now.INN, KPP: now.KPP, OGRN: now.OGRN, FullName: now.FullName, ShortName: now.Name,
			Address: bodies.Address{Text: now.Address, RegionCode: now.INN[:2]},
		}
		if head := headOf(o); head != nil && now.Kind == directory.KindLegal {
			r.Heads = []bodies.Head{*head}
		} else if now.Kind == directory.KindLegal {
			r.Heads = shownProfiles[o.key].heads()
		}
		r.Form = bodies.Code{Code: shownProfiles[o.key].form, Name: directory.LegalFormName(shownProfiles[o.key].form)}
		out = append(out, r)
	}
	return append(out, newcomer()), nil
}

// headOf is the organisation's member with the role of its head, nil when the demo
// has none.
func headOf(o organisation) *bodies.Head {
	for _, m := range o.members {
		if m.role != directory.Head {
			continue
		}
		for _, p := range people {
			if p.key == m.person {
				return &bodies.Head{
					Person:       bodies.Person{LastName: p.lastName, FirstName: p.firstName, MiddleName: p.middleName, INN: p.inn},
					PositionKind: bodies.Code{Code: "02", Name: "Руководитель юридического лица"}, Position: m.position,
				}
			}
		}
	}
	return nil
}
