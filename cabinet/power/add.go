package power

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"propusk/cabinet/api"
	"propusk/cabinet/power/emchd"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage/file"
)

// add answers POST /v1/powers-of-attorney: a form to be signed, a signed form, or a
// paper.
func (p *Powers) add(c api.Call) error {
	if !isUpload(c) {
		return p.draft(c, c.Organisation(), directory.PowerOfAttorney{}, "/v1/powers-of-attorney/")
	}
	u, err := readUpload(c)
	if err != nil {
		return err
	}
	o, err := p.Directory.Organisation(c.Ctx(), c.Organisation())
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	if u.power == nil {
		return p.importForm(c, o, u)
	}
	return p.addPaper(c, o, u)
}

// entry is a power about to be entered with its papers.
type entry struct {
	power       directory.NewPower
	name        string // of the file
	kinds       file.Kinds
	document    []byte
	signature   []byte // nil = none
	requisites  *requisites
	validation  validation
	principalID string
}

// enter stores the papers and enters the power, and tells who is to know.
func (p *Powers) enter(ctx context.Context, actor directory.Actor, e entry) (directory.PowerOfAttorney, error) {
	k := papers{OrganisationID: e.principalID}
	k.Verdict.V = e.validation
	saved, err := p.save(ctx, e.principalID, e.name, e.kinds, e.document)
	if err != nil {
		return directory.PowerOfAttorney{}, api.FileRefusal(err)
	}
	k.DocumentID = saved.ID
	if len(e.signature) > 0 {
		if saved, err = p.save(ctx, e.principalID, signatureName(saved.Name), file.Signature, e.signature); err != nil {
			return directory.PowerOfAttorney{}, api.FileRefusal(err)
		}
		k.SignatureID = saved.ID
	}
	var w directory.PowerOfAttorney
	err = p.DB.Tx(ctx, func(ctx context.Context) error {
		// A power that is whole comes in as one that is being checked and is settled at
		// once, so that what it replaces ends in the same way however it came.
		asked := e.power.Status
		if asked == directory.PowerActive {
			e.power.Status = directory.PowerChecking
		}
		if w, err = p.Directory.AddPower(ctx, actor, e.principalID, e.power); err != nil {
			return err
		}
		k.PowerID = w.ID
		if e.requisites != nil {
			if k.Sealed, err = p.seal(w.ID, *e.requisites); err != nil {
				return err
			}
		}
		if err := p.keepPapers(ctx, k); err != nil || asked != directory.PowerActive {
			return err
		}
		w, err = p.activate(ctx, actor, w)
		return err
	})
	return w, api.DirectoryRefusal(err)
}

// activate makes a power active and tells both sides, of what it replaces too.
func (p *Powers) activate(ctx context.Context, actor directory.Actor, w directory.PowerOfAttorney) (directory.PowerOfAttorney, error) {
	w, ended, err := p.Directory.SettlePower(ctx, actor, w.OrganisationID, w.ID, directory.PowerActive, "", &w.Version)
	if err != nil {
		return directory.PowerOfAttorney{}, err
	}
	if err := p.tell(ctx, granted, w, 0); err != nil {
		return directory.PowerOfAttorney{}, err
	}
	return w, p.tellEnded(ctx, ended)
}

// examined is a machine-readable form with what its check came to.
type examined struct {
	form   *emchd.Form
	parent directory.PowerOfAttorney // of one that is handed on
	validation
}

// examine holds a form and its signature against the organisation. The signature
// is judged whatever else is wrong, as long as the form can be read.
func (p *Powers) examine(ctx context.Context, o directory.Organisation, u uploaded) (examined, error) {
	var x examined
	form, faults := emchd.Parse(u.file)
	x.form = form
	if form != nil {
		faults = append(faults, form.Check(p.time(), emchd.Principal{INN: o.INN, OGRN: o.OGRN}, u.name)...)
		by, fault, err := p.signerOfForm(ctx, o, form, &x)
		if err != nil {
			return examined{}, err
		}
		if fault == nil {
			x.Signature, fault = p.judge(ctx, u.file, u.signature, by)
		}
		if fault != nil {
			faults = append(faults, *fault)
		}
	}
	x.Faults, x.Status = faults, emchd.StatusOf(faults)
	return x, nil
}

func (p *Powers) signerOfForm(ctx context.Context, o directory.Organisation, form *emchd.Form, x *examined) (signer, *emchd.Fault, error) {
	if form.First == "" {
		named := form.Principals[0].Heads
		if form.Principals[0].Kind == emchd.KindSole {
			named = nil
		}
		by, err := p.principalOf(ctx, o, named)
		return by, nil, err
	}
	parent, err := p.Directory.PowerByNumber(ctx, o.ID, form.Parent)
	if errors.Is(err, errNotFound) {
		return signer{}, &emchd.Fault{Code: "parent_unknown", Value: form.Parent}, nil
	}
	if err != nil {
		return signer{}, nil, err
	}
	x.parent = parent
	chain, err := p.Directory.PowerChain(ctx, parent)
	if err != nil {
		return signer{}, nil, err
	}
	if chain[len(chain)-1].Number != form.First || form.Giver == nil || !gives(*form.Giver, parent.Representative.V) {
		return signer{}, &emchd.Fault{Code: "parent_refused", Value: parent.Number}, nil
	}
	by, err := p.giverOf(ctx, parent)
	return by, nil, err
}

// gives reports whether the one who hands on is the parent's representative.
func gives(giver emchd.Party, r directory.Representative) bool {
	if r.Kind == directory.RepresentsOrganisation {
		return giver.Kind != emchd.KindPerson && giver.INN == r.INN
	}
	return giver.SNILS != "" && giver.SNILS == r.SNILS || giver.INN != "" && giver.INN == r.INN
}

// statusFor is the status with which an examined form enters the book; "" when it
// is not taken.
func (x examined) statusFor() directory.PowerStatus {
	switch x.Status {
	case emchd.IsValid, emchd.HasWarnings:
		return directory.PowerActive
	case emchd.CanNotBeValidated:
		for _, f := range x.Faults {
			if !f.Warning && f.Code != "signature_undecided" {
				return ""
			}
		}
		return directory.PowerChecking
	default:
		return ""
	}
}

// importForm takes a form that was made elsewhere.
func (p *Powers) importForm(c api.Call, o directory.Organisation, u uploaded) error {
	x, err := p.examine(c.Ctx(), o, u)
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	status := x.statusFor()
	if status == "" {
		return api.Refuse("power_invalid").With("status", string(x.Status)).About(faultsOf(x.Faults, c.Lang())...)
	}
	limits, _ := x.form.CabinetLimits()
	n := directory.NewPower{
		Number: x.form.Number, Form: directory.PowerMachine, Representative: representativeOf(x.form.Representatives[0]),
		Powers: x.form.KnownPowers(), Limits: limits, Delegation: x.form.Delegation, Irrevocable: x.form.Irrevocable,
		IssuedOn: x.form.IssuedOn, Until: x.form.Until, ParentID: x.parent.ID, ReplacesID: u.replacesID, Status: status,
	}
	if x.parent.ID != "" { // the form knows "once" and "further", not how often
		n.Delegation = min(n.Delegation, max(x.parent.Delegation-1, 0))
	}
	w, err := p.enter(c.Ctx(), c.Actor(), entry{
		power: n, name: x.form.FileID + ".xml", kinds: file.XML, document: u.file,
		signature: signature.Decode(u.signature), validation: x.validation, principalID: o.ID,
	})
	if err != nil {
		return err
	}
	return p.created(c, w, "/v1/powers-of-attorney/")
}

func representativeOf(r emchd.Party) directory.Representative {
	if r.Kind == emchd.KindPerson {
		return directory.Representative{
			Kind: directory.RepresentsPerson, LastName: r.LastName, FirstName: r.FirstName, MiddleName: r.MiddleName, SNILS: r.SNILS, INN: r.INN,
		}
	}
	name := r.Name
	if name == "" {
		name = "ИП " + directory.Person{LastName: r.LastName, FirstName: r.FirstName, MiddleName: r.MiddleName}.FullName()
	}
	return directory.Representative{Kind: directory.RepresentsOrganisation, Name: name, INN: r.INN, OGRN: r.OGRN}
}

// addPaper takes a power on paper: with the principal's signature over its scan, or
// a notary's (A23.8).
func (p *Powers) addPaper(c api.Call, o directory.Organisation, u uploaded) error {
	n, err := readNewPower(u.power)
	if err != nil {
		return err
	}
	if n.ReplacesID == "" {
		n.ReplacesID = u.replacesID
	}
	if n.Form != directory.PowerSimple && n.Form != directory.PowerNotarial {
		return api.InvalidField("/form", "machine_needs_file")
	}
	r, err := n.requisites()
	if err != nil {
		return err
	}
	e := entry{
		power: n.of(p.Now(), "", directory.PowerActive), name: u.name, kinds: scans, document: u.file,
		requisites: &r, principalID: o.ID,
	}
	if err := answersForIt(c); err != nil {
		return err
	}
	if n.Form == directory.PowerNotarial {
		notarial(&e)
	} else if err := p.simple(c, o, u, &e); err != nil {
		return err
	}
	w, err := p.enter(c.Ctx(), c.Actor(), e)
	if err != nil {
		return err
	}
	return p.created(c, w, "/v1/powers-of-attorney/")
}

// answersForIt demands a person with a certificate: what a power on paper allows is
// typed, and no signature covers what is typed (that of a simple one covers the
// scan), so who enters it answers for it, and within what he holds himself.
func answersForIt(c api.Call) error {
	if c.Person() == "" {
		return api.Refuse("person_required")
	}
	return api.Assured(c.Claims, qualified)
}

// notarial powers carry no signature that could be checked.
func notarial(e *entry) {
	faults := []emchd.Fault{{Code: "notary", Warning: true}}
	e.validation = validation{Status: emchd.StatusOf(faults), Faults: faults}
}

func (p *Powers) simple(c api.Call, o directory.Organisation, u uploaded, e *entry) error {
	by, err := p.principalOf(c.Ctx(), o, nil)
	if err != nil {
		return err
	}
	e.kinds = file.PDF
	verdict, fault := p.judge(c.Ctx(), u.file, u.signature, by)
	if e.power.Status, err = settled(fault, c.Lang()); err != nil {
		return err
	}
	e.signature = signature.Decode(u.signature)
	e.validation = validationOf(verdict, fault)
	return nil
}

// settled is what becomes of a power by its signature's fault, or the refusal.
func settled(fault *emchd.Fault, lang string) (directory.PowerStatus, error) {
	switch {
	case fault == nil:
		return directory.PowerActive, nil
	case fault.Code == "signature_undecided":
		return directory.PowerChecking, nil
	default:
		return "", api.Refuse("power_signature_refused").With("reason", fault.Text(lang)).Because(fault.Code)
	}
}

func validationOf(verdict *signature.Verdict, fault *emchd.Fault) validation {
	v := validation{Signature: verdict}
	if fault != nil {
		v.Faults = []emchd.Fault{*fault}
	}
	v.Status = emchd.StatusOf(v.Faults)
	return v
}

// draft makes a form of what was typed, to be signed. In the name of the
// organisation, or of the representative of a parent that is handed on.
func (p *Powers) draft(c api.Call, organisationID string, parent directory.PowerOfAttorney, location string) error {
	var n newPower
	if err := api.ReadObject(c, &n); err != nil {
		return err
	}
	if n.Form != "" && n.Form != directory.PowerMachine {
		return api.InvalidField("/form", "paper_needs_document")
	}
	n.Form = directory.PowerMachine
	if n.Number == "" {
		n.Number = uuid.NewString()
	}
	o, err := p.Directory.Organisation(c.Ctx(), organisationID)
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	if err := p.complete(c.Ctx(), &n.Representative); err != nil {
		return err
	}
	e := entry{power: n.of(p.Now(), parent.ID, directory.PowerDraft), kinds: file.XML, principalID: o.ID}
	// The directory says what is wrong with the fields before a form is made of them.
	if err := p.Directory.CheckPower(c.Ctx(), c.Actor(), o.ID, e.power); err != nil {
		return api.DirectoryRefusal(err)
	}
	form, err := p.form(c.Ctx(), o, parent, n)
	if err != nil {
		return err
	}
	e.document, e.name = emchd.Write(form), emchd.FileID(form.Number, form.IssuedOn)+".xml"
	read, faults := emchd.Parse(e.document)
	if read != nil {
		faults = read.Check(p.time(), emchd.Principal{INN: o.INN, OGRN: o.OGRN}, e.name)
	}
	if status := emchd.StatusOf(faults); status != emchd.IsValid && status != emchd.HasWarnings {
		return api.Refuse("power_invalid").With("status", string(status)).About(faultsOf(faults, c.Lang())...)
	}
	w, err := p.enter(c.Ctx(), c.Actor(), e)
	if err != nil {
		return err
	}
	return p.created(c, w, location)
}

// form is the machine-readable form of what was typed.
func (p *Powers) form(ctx context.Context, o directory.Organisation, parent directory.PowerOfAttorney, n newPower) (emchd.Form, error) {
	principal, err := p.principalParty(ctx, o, n.Head)
	if err != nil {
		return emchd.Form{}, err
	}
	f := emchd.Form{
		Number: n.Number, InternalNumber: n.InternalNumber, Irrevocable: n.Irrevocable, Delegation: n.Delegation,
		IssuedOn: n.IssuedOn, Until: n.Until, Principals: []emchd.Party{principal},
		Representatives: []emchd.Party{n.Representative.party()}, Limits: emchd.FormLimits(n.Limits),
	}
	for _, code := range n.Powers {
		label, _ := directory.FindPowerCode(code)
		f.Powers = append(f.Powers, emchd.Power{Code: code, Name: label.Label("ru")})
	}
	if parent.ID == "" {
		return f, nil
	}
	chain, err := p.Directory.PowerChain(ctx, parent)
	if err != nil {
		return emchd.Form{}, err
	}
	giver, err := p.giverParty(ctx, parent.Representative.V)
	f.First, f.Parent, f.Giver = chain[len(chain)-1].Number, parent.Number, &giver
	return f, err
}

// principalParty is the organisation with who acts for it.
func (p *Powers) principalParty(ctx context.Context, o directory.Organisation, typed *newRepresentative) (emchd.Party, error) {
	party := emchd.Party{Kind: emchd.KindOrganisation, Name: o.Name, INN: o.INN, KPP: o.KPP, OGRN: o.OGRN}
	heads, err := p.Directory.Heads(ctx, o.ID)
	if err != nil {
		return emchd.Party{}, err
	}
	for _, head := range heads {
		if person := partyOf(head.Person); person.SNILS != "" || person.INN != "" {
			person.Position = head.Position
			party.Heads = append(party.Heads, person)
		}
	}
	if typed != nil {
		head := typed.party()
		party.Heads = []emchd.Party{head}
	}
	if len(party.Heads) == 0 {
		return emchd.Party{}, api.Refuse("power_no_head")
	}
	if o.Kind == directory.KindSole {
		head := party.Heads[0]
		return emchd.Party{
			Kind: emchd.KindSole, Name: o.Name, INN: o.INN, OGRN: o.OGRN, SNILS: head.SNILS,
			LastName: head.LastName, FirstName: head.FirstName, MiddleName: head.MiddleName,
		}, nil
	}
	return party, nil
}

func partyOf(person directory.Person) emchd.Party {
	p := emchd.Party{Kind: emchd.KindPerson, LastName: person.LastName, FirstName: person.FirstName, MiddleName: person.MiddleName}
	if person.SNILSVerified {
		p.SNILS = person.SNILS
	}
	if person.INNVerified {
		p.INN = person.INN
	}
	return p
}

// giverParty is who hands a power on.
func (p *Powers) giverParty(ctx context.Context, r directory.Representative) (emchd.Party, error) {
	if r.Kind == directory.RepresentsPerson {
		return emchd.Party{Kind: emchd.KindPerson, LastName: r.LastName, FirstName: r.FirstName, MiddleName: r.MiddleName, SNILS: r.SNILS, INN: r.INN}, nil
	}
	o, err := p.Directory.OrganisationByINN(ctx, r.INN)
	if err != nil {
		return emchd.Party{}, err
	}
	if o.Kind == directory.KindLegal {
		return emchd.Party{Kind: emchd.KindOrganisation, Name: o.Name, INN: o.INN, KPP: o.KPP, OGRN: o.OGRN}, nil
	}
	return p.principalParty(ctx, o, nil)
}
