package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/organisation"
	"propusk/cabinet/power/emchd"
	"propusk/console"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
)

// openOrganisations opens the room in which organisations come, change and go.
func (h *house) openOrganisations(context.Context) error {
	organisations, err := organisation.New(organisation.Deps{
		DB: h.db, Directory: h.directory, Journal: h.journal, Outbox: h.outbox, Jobs: h.jobs, Ephemeral: h.volatile, Sealer: h.sealer,
		Files: h.files, Registry: h.registry, Verifier: h.trust.Verifier(), Tell: h.notices.Tell, Paper: h.paper,
		Power: openingPower{h.trust.Verifier(), h.now}.read, InExchange: h.filings.InExchange, BaseURL: h.cfg.Issuer, Now: h.now, Log: h.log,
	})
	if err != nil {
		return err
	}
	h.rooms = append(h.rooms, organisations.Room())
	h.procurement = organisations.Procurement
	h.consoleRooms = append(h.consoleRooms, console.Room{Role: directory.OperatorModerator, Room: organisations.ConsoleRoom()})
	return nil
}

// openCabinetPower is the code that a power of attorney must give, beside others,
// for its holder to open the organisation's cabinet: whoever opens it is its first
// administrator, which no power to file or to sign comes to.
const openCabinetPower = "CAB_OPEN"

// openingPower judges machine-readable powers of attorney by which people would
// open organisations' cabinets.
type openingPower struct {
	verifier signature.Verifier
	now      func() time.Time
}

// read answers the number of a power that is given by the organisation itself,
// signed by its qualified certificate, in force, to this person alone, with
// openCabinetPower and without limits.
func (o openingPower) read(ctx context.Context, claim organisation.PowerClaim) (string, error) {
	form, faults := emchd.Parse(claim.Content)
	if form != nil {
		faults = append(faults, form.Check(storage.Of(o.now()), emchd.Principal{INN: claim.INN, OGRN: claim.OGRN}, "")...)
	}
	var reasons []string
	for _, fault := range faults {
		if !fault.Warning {
			reasons = append(reasons, fault.Text("ru"))
		}
	}
	if form == nil || len(reasons) > 0 {
		return "", refusedPower(reasons...)
	}
	if reason := unfit(form, claim); reason != "" {
		return "", refusedPower(reason)
	}
	verdict, err := o.verifier.Verify(ctx, signature.Request{Signature: claim.Signature, Content: claim.Content})
	if err != nil {
		return "", api.Refuse("signatures_unavailable").Wrap(err)
	}
	if !verdict.Accepted || verdict.Subject == nil || !directory.SignsFor(claim.INN, claim.OGRN, *verdict.Subject) {
		return "", refusedPower("Доверенность не подписана квалифицированным сертификатом организации.")
	}
	return form.Number, nil
}

func refusedPower(reasons ...string) error {
	return api.Refuse("organization_power_refused").With("reasons", strings.Join(reasons, " ")).Wrap(errors.New("the power opens no cabinet"))
}

// unfit says why a form that holds does not open a cabinet for the person.
func unfit(form *emchd.Form, claim organisation.PowerClaim) string {
	gives := slices.ContainsFunc(form.Powers, func(p emchd.Power) bool { return p.Code == openCabinetPower })
	switch {
	case form.First != "":
		return "Доверенность дана в порядке передоверия: кабинет открывает представитель самой организации."
	case form.Joint || len(form.Representatives) != 1:
		return "Доверенность дана нескольким представителям."
	case len(form.Limits) > 0:
		return "Доверенность с ограничениями не открывает кабинет."
	case !gives:
		return "В доверенности нет полномочия " + openCabinetPower + " на создание личного кабинета."
	case !names(form.Representatives[0], claim):
		return "Доверенность дана другому лицу."
	}
	return ""
}

// names reports whether the representative is the person, by numbers that somebody
// has vouched for; none may differ.
func names(r emchd.Party, claim organisation.PowerClaim) bool {
	p := claim.Person
	snils := p.SNILSVerified && r.SNILS != "" && r.SNILS == p.SNILS
	inn := p.INNVerified && r.INN != "" && r.INN == p.INN
	differs := p.SNILSVerified && r.SNILS != "" && r.SNILS != p.SNILS || p.INNVerified && r.INN != "" && r.INN != p.INN
	return r.Kind == emchd.KindPerson && (snils || inn) && !differs
}
