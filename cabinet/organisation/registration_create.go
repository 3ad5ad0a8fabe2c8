package organisation

import (
	"context"
	"net/http"

	"propusk/cabinet/api"
	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/outbox"
)

// submitRegistration answers POST /v1/registrations/{id}/moderation: who is not the
// registered head, or whose data the register does not bear out, shows his
// documents to operators.
func (o *Organisations) submitRegistration(c api.Call) error {
	r, err := o.named(c)
	if err != nil {
		return err
	}
	if !r.open() {
		return notAtStep("registration_state", r.State)
	}
	if err := o.submittable(c.Ctx(), r); err != nil {
		return err
	}
	from := r.State
	r.State = registrationModeration
	err = o.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		if err := o.storeRegistration(ctx, &r, from); err != nil {
			return err
		}
		mismatch := len(r.Proofs.V.Comparison.Differences) > 0
		if err := o.enqueueModeration(ctx, moderation{Kind: "registration", ObjectID: r.ID, AskedBy: r.PersonID, FourEyes: mismatch}); err != nil {
			return err
		}
		return o.record(ctx, c.Actor(), "", "registration.submitted", r.ID, nil)
	})
	if err != nil {
		return err
	}
	return o.answerRegistration(c, http.StatusOK, r)
}

// submittable refuses what operators could not decide.
func (o *Organisations) submittable(ctx context.Context, r registration) error {
	if err := api.Invalid(r.Draft.V.faults(r.Kind)...); err != nil {
		return err
	}
	p := r.Proofs.V
	if p.Comparison == nil || p.Email == "" || !r.Draft.V.Consent || p.Phone == "" && r.Kind == directory.KindSole {
		return api.Refuse("registration_incomplete")
	}
	documents, err := o.documentsOf(ctx, r.ID)
	if err == nil && len(documents) == 0 {
		return api.Refuse("registration_documents_missing")
	}
	return err
}

// createCabinet answers POST /v1/organizations, «Создать кабинет»: the
// organisation with its first administrator, its profile, and the mails that say
// so, all in one transaction.
func (o *Organisations) createCabinet(c api.Call) error {
	var body struct {
		RegistrationID string `json:"registration_id"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	if !api.IsID(body.RegistrationID) {
		return api.InvalidField("/registration_id", "format")
	}
	r, err := o.registrationOf(c.Ctx(), c.Person(), body.RegistrationID)
	if err != nil {
		return err
	}
	if r.State != registrationReady {
		return notAtStep("registration_state", r.State)
	}
	if err := o.complete(c, r); err != nil {
		return err
	}
	var made directory.Organisation
	err = o.DB.Tx(c.Ctx(), func(ctx context.Context) (err error) {
		made, err = o.make(ctx, c.Actor(), &r)
		return err
	})
	if err != nil {
		return taken(err)
	}
	return api.Created(c, "/v1/organization", r.etag(), map[string]any{
		"id": made.ID, "kind": made.Kind, "inn": made.INN, "ogrn": made.OGRN, "name": made.Name,
		"role": directory.Administrator, "registration_id": r.ID,
	})
}

// complete refuses a registration that lacks a step, and journals who tries to
// open an organisation without the authority to.
func (o *Organisations) complete(c api.Call, r registration) error {
	missing := r.missing(o.time())
	if len(missing) == 0 {
		return nil
	}
	if len(missing) == 1 && missing[0] == "authority" {
		refusal := api.Refuse("authority_missing")
		if err := o.refused(c.Ctx(), c.Actor(), "registration.created", r, refusal); err != nil {
			return err
		}
		return refusal
	}
	return api.Refuse("registration_incomplete")
}

// taken says in the room's words that another cabinet was quicker.
func taken(err error) error {
	for _, fault := range fieldFaults(err, "") {
		if fault.Code == "taken" {
			return api.Refuse("organization_taken").Wrap(err)
		}
	}
	return api.DirectoryRefusal(err)
}

// make turns a complete registration into an organisation.
func (o *Organisations) make(ctx context.Context, actor directory.Actor, r *registration) (directory.Organisation, error) {
	d := r.Draft.V
	q := d.Requisites
	made, _, err := o.Directory.RegisterOrganisation(ctx, actor, directory.NewOrganisation{
		Kind: r.Kind, INN: q.INN, KPP: q.KPP, OGRN: q.OGRN, Name: q.Name, FullName: q.FullName, Address: q.Address,
		ActualAddress: d.Contacts.ActualAddress, Phone: d.Contacts.Phone, Email: d.Contacts.Email,
	}, r.PersonID, o.position(*r))
	if err != nil {
		return directory.Organisation{}, err
	}
	if err := o.fillProfile(ctx, made.ID, *r); err != nil {
		return directory.Organisation{}, err
	}
	r.State, r.OrganisationID = registrationDone, made.ID
	if err := o.storeRegistration(ctx, r, registrationReady); err != nil {
		return directory.Organisation{}, err
	}
	basis := r.Proofs.V.Authority
	err = o.record(ctx, actor, made.ID, "organisation.registered", made.ID,
		map[string]string{"registration": r.ID, "by": basis.Kind, "detail": basis.Detail})
	if err != nil {
		return directory.Organisation{}, err
	}
	return made, o.welcome(ctx, *r, made)
}

// position is what the first administrator is in the organisation: the head's
// where he is its head.
func (o *Organisations) position(r registration) string {
	if r.Proofs.V.ListedAs == listedHead || r.Proofs.V.Authority.Kind == "signature" {
		return clip(r.Draft.V.Requisites.Head.Position, 100)
	}
	return ""
}

func clip(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most])
	}
	return s
}

// fillProfile gives a new organisation the blocks that were filled in.
func (o *Organisations) fillProfile(ctx context.Context, organisationID string, r registration) error {
	d := r.Draft.V
	blocks := []directory.Block{&d.Requisites, &d.Contacts}
	if len(d.Bank.Accounts) > 0 {
		blocks = append(blocks, &d.Bank)
	}
	if d.Activities.Main != "" {
		blocks = append(blocks, &d.Activities)
	}
	if len(d.Taxes.Regimes) > 0 || d.Taxes.TaxOffice != "" {
		blocks = append(blocks, &d.Taxes)
	}
	how := directory.HowRegistry
	if r.Proofs.V.Comparison.Accepted {
		how = directory.HowModeration
	}
	err := o.Directory.SetHistory(ctx, directory.System(), organisationID, r.PersonID, how, blocks...)
	if err != nil {
		return err
	}
	return o.activate(ctx, organisationID)
}

// welcome tells the applicant and the organisation's mailbox that the cabinet is
// there, and what to do next (rows 125, 128).
func (o *Organisations) welcome(ctx context.Context, r registration, made directory.Organisation) error {
	p, err := o.Directory.Person(ctx, r.PersonID)
	if err != nil {
		return err
	}
	to := []string{made.Email}
	if p.EmailVerified && p.Email != made.Email {
		to = append(to, p.Email)
	}
	words := welcomeTexts.with("{organisation}", made.Name, "{person}", p.FullName(), "{link}", o.BaseURL+"/cabinet/organization")
	for _, address := range to {
		if err := o.mail(ctx, address, lang(p), words); err != nil {
			return err
		}
	}
	return o.Tell(ctx, notice.Event{
		ID: "registration/" + r.ID + "/done", Type: "organization.registered", OrganisationID: made.ID,
		Category: notice.Organisation, Importance: notice.High, Permission: directory.OrganizationRead,
		Texts: words.notice(), Path: "/cabinet/organization", Data: map[string]string{"organization_id": made.ID},
	})
}

// mail writes a letter. A house without e-mail sends none.
func (o *Organisations) mail(ctx context.Context, to, lang string, words letter) error {
	if to == "" {
		return nil
	}
	m := words.in(lang)
	return ignoreChannel(o.Outbox.Send(ctx, outbox.Message{Channel: "email", To: to, Subject: m.Subject, Text: m.Body}))
}

// decided moves a registration that operators have looked at; it runs in their
// transaction.
func (o *Organisations) registrationDecided(ctx context.Context, actor directory.Actor, id string, accepted bool, reason string) error {
	r, err := o.registrationByID(ctx, id)
	if err != nil {
		return err
	}
	words := registrationRefusedTexts.with("{reason}", reason, "{organisation}", r.Draft.V.Requisites.FullName)
	if accepted {
		if err := o.untaken(ctx, r.Draft.V.Requisites.INN); err != nil {
			return err
		}
		r.accepted(o.time(), reason)
		words = registrationAcceptedTexts.with("{organisation}", r.Draft.V.Requisites.FullName, "{link}", o.BaseURL+"/cabinet/registrations/"+r.ID)
	} else {
		r.State, r.Reason = registrationRefused, reason
	}
	if err := o.storeRegistration(ctx, &r, registrationModeration); err != nil {
		return err
	}
	err = o.record(ctx, actor, "", "registration.decided", r.ID, map[string]string{"accepted": yesNo(accepted), "reason": reason})
	if err != nil {
		return err
	}
	return o.tellApplicant(ctx, r, words)
}

// accepted makes a registration ready on the operators' word.
func (r *registration) accepted(now storage.Time, reason string) {
	p := &r.Proofs.V
	r.State = registrationReady
	p.Comparison.Accepted, p.Comparison.AcceptedAt = len(p.Comparison.Differences) > 0, now
	if p.Comparison.Accepted || !p.Authority.current(now) {
		p.Authority = &basis{Kind: "moderation", Detail: reason, At: now}
	}
}

func (o *Organisations) tellApplicant(ctx context.Context, r registration, words letter) error {
	p, err := o.Directory.Person(ctx, r.PersonID)
	if err != nil {
		return err
	}
	if err := o.mail(ctx, r.Proofs.V.Email, lang(p), words); err != nil {
		return err
	}
	return o.Tell(ctx, notice.Event{
		ID: "registration/" + r.ID + "/" + r.State, Type: "registration.decided", Persons: []string{r.PersonID},
		Category: notice.Organisation, Importance: notice.High, Texts: words.notice(), Path: "/cabinet/registrations/" + r.ID,
	})
}
