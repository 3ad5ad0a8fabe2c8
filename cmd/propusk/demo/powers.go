package demo

import (
	"context"
	"fmt"
	"time"

	"propusk/idp/directory"
)

// shownPower is a power of attorney that the demo's lists begin with; to is the key
// of an organisation, or person is somebody without an account.
type shownPower struct {
	of, to string
	person directory.Representative
	powers []string
	limits directory.PowerLimits
	days   int // until its end
}

var shownPowers = []shownPower{
	{of: "mayak", to: "verfi", powers: []string{"CAB_DOCUMENTS_VIEW", "CAB_REQUESTS_FILE"}, limits: directory.PowerLimits{}, days: 200},
	{of: "mayak", person: directory.Representative{
		Kind: directory.RepresentsPerson, LastName: "Счетова", FirstName: "Анна", MiddleName: "Ильинична", SNILS: "15376847200",
	}, powers: []string{"2_FNS02", "2_FNS03"}, limits: directory.PowerLimits{Reports: []string{"NO_NDS"}, MaxSum: 50_000_000, MaySign: true}, days: 25},
	{of: "verfi", to: "mayak", powers: []string{"CAB_EXTRACTS"}, limits: directory.PowerLimits{Extracts: []string{"egrul"}}, days: 90},
}

// powersOf says in whose name a person acts without being a member there.
func powersOf(p person, lang string) (list []string) {
	by := map[string]string{"ru": "по доверенности", "en": "by a power of attorney"}[lang]
	for _, s := range shownPowers {
		if s.to == "" && s.person.SNILS == p.snils {
			list = append(list, organisationByKey(s.of).is.Name+", "+by)
		}
	}
	return list
}

// FillPowers gives the demo's organisations a few powers of attorney, once.
func (d *Demo) FillPowers(ctx context.Context) error {
	there, err := d.deps.Directory.PowersGranted(ctx, d.organisationID("mayak"), directory.PowerFilter{Limit: 1})
	if err != nil || len(there) > 0 {
		return err
	}
	now := d.deps.Now()
	for _, s := range shownPowers {
		to := s.person
		if s.to != "" {
			o := organisationByKey(s.to).is
			to = directory.Representative{Kind: directory.RepresentsOrganisation, Name: o.Name, INN: o.INN, OGRN: o.OGRN}
		}
		_, err := d.deps.Directory.AddPower(ctx, directory.System(), d.organisationID(s.of), directory.NewPower{
			Form: directory.PowerMachine, Status: directory.PowerActive, Representative: to, Powers: s.powers, Limits: s.limits,
			IssuedOn: now.AddDate(0, 0, -10).Format(time.DateOnly), Until: now.AddDate(0, 0, s.days).Format(time.DateOnly),
		})
		if err != nil {
			return fmt.Errorf("fill the demo's powers of attorney: %w", err)
		}
	}
	return nil
}
