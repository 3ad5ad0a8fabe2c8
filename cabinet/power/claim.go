package power

import (
	"context"
	"slices"
	"strings"

	"propusk/cabinet/api"
	"propusk/cabinet/power/emchd"
	"propusk/idp/directory"
)

// Claim judges a machine-readable power of an organisation that may have no cabinet
// yet, brought by somebody who says to be its representative. It answers the
// power's number; an *api.Refusal names everything that is wrong. Nothing is kept.
//
// The power must be whole: given by the organisation itself, signed with its own
// certificate, to the person by his proved numbers, and naming the cabinet (A7 163).
func (p *Powers) Claim(ctx context.Context, content, cms []byte, of emchd.Principal, person directory.Person) (number string, err error) {
	form, faults := emchd.Parse(content)
	if form != nil {
		faults = append(faults, form.Check(p.time(), of, "")...)
		faults = append(faults, p.claimed(ctx, form, content, cms, of, person)...)
	}
	switch status := emchd.StatusOf(faults); status {
	case emchd.IsValid, emchd.HasWarnings:
		return form.Number, nil
	default:
		return "", api.Refuse("power_invalid").With("status", string(status)).About(faultsOf(faults, "ru")...)
	}
}

func (p *Powers) claimed(ctx context.Context, form *emchd.Form, content, cms []byte, of emchd.Principal, person directory.Person) (faults []emchd.Fault) {
	if form.First != "" {
		return []emchd.Fault{{Code: "parent_unknown", Value: form.Parent}}
	}
	if !representativeOf(form.Representatives[0]).Is(person) {
		faults = append(faults, emchd.Fault{Code: "representative_other"})
	}
	if !slices.ContainsFunc(form.KnownPowers(), func(code string) bool {
		return strings.HasPrefix(code, "CAB_") || code == directory.FullTaxPower
	}) {
		faults = append(faults, emchd.Fault{Code: "cabinet_not_named"})
	}
	by := signer{INNLE: of.INN, OGRN: of.OGRN, Sole: form.Principals[0].Kind == emchd.KindSole, Named: form.Principals[0].Heads}
	if _, fault := p.judge(ctx, content, cms, by); fault != nil {
		faults = append(faults, *fault)
	}
	return faults
}
