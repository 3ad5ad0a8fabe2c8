package power

import (
	"errors"
	"net/http"
	"net/url"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// signForm is the signing dialog of a draft.
func signForm(v *desk.Visit) error {
	s, p, err := signing(v)
	if err != nil {
		return err
	}
	if !p.Actions.Allowed("sign") {
		return v.Redirect(here(v).of(p))
	}
	return v.Sign(http.StatusOK, s, nil)
}

// signing shows the power in words, as whoever signs must see it.
func signing(v *desk.Visit) (desk.Signing, power, error) {
	var p power
	if err := v.Get(api(v), nil, &p); err != nil {
		return desk.Signing{}, p, err
	}
	if err := named(v, p.Allows); err != nil {
		return desk.Signing{}, p, err
	}
	s := desk.Signing{
		Title: v.T("power.sign.title", "Name", p.Representative.Name), Lead: here(v).say("power.sign.lead"),
		Action: here(v).of(p) + "/sign", Act: "power.sign.act", FileURL: here(v).of(p) + "/file", FileName: p.Number + ".xml",
		BackURL: here(v).of(p), Back: "power.sign.back",
		Facts: []pages.Pair{
			{Label: "power.fact.principal", Text: p.Principal.Name, Under: v.T("number.inn") + " " + p.Principal.INN},
			{Label: "power.fact.representative", Text: p.Representative.Name},
			{Label: "power.fact.until", Text: day(p.Until).Format("02.01.2006")},
		},
	}
	for _, sentence := range p.Allows {
		s.Preview += "· " + sentence + "\n"
	}
	return s, p, nil
}

// signed takes the signature; the power is in force with it.
func signed(v *desk.Visit) error {
	s, p, err := signing(v)
	if err != nil {
		return err
	}
	made, err := v.Signature()
	var now power
	if err == nil {
		body := map[string]string{"signature": desk.SignatureText(made)}
		err = v.Post(api(v)+"/signature", body, &now, desk.IdempotencyKey(v.FormKey()))
	}
	if err != nil {
		return v.Unsigned(err, s, api(v)+"/file", made)
	}
	if now.Status == "checking" {
		return v.Done(here(v).of(p), "power.signed.checking")
	}
	return v.Done(here(v).of(p), "power.signed")
}

type endView struct {
	Power   power
	Act     string // revoke, renounce
	Reason  string
	Below   []power // what was handed on from it, which ends too
	At, All string  // its page, and all pages like it
	Effect  string
}

// endForm tells what the end of a power comes to, before it is brought about.
func endForm(act string) func(*desk.Visit) error {
	return func(v *desk.Visit) error {
		reason := ""
		if kept := v.Draft(); kept != nil {
			reason = kept.Get("reason")
		}
		return endPage(v, http.StatusOK, act, reason)
	}
}

func endPage(v *desk.Visit, status int, act, reason string, errs ...pages.FieldError) error {
	view := endView{Act: act, Reason: reason}
	if err := v.Get(api(v), nil, &view.Power); err != nil {
		return err
	}
	if err := named(v, view.Power.Allows); err != nil {
		return err
	}
	if !endable(view.Power.Actions, act) {
		return v.Redirect(here(v).of(view.Power))
	}
	below, err := handedOn(v, view.Power.ID)
	if err != nil {
		return err
	}
	view.Below, view.At, view.All = below, here(v).of(view.Power), here(v).all
	view.Effect = "power.end." + act
	if act == "revoke" {
		view.Effect = here(v).say(view.Effect)
	}
	return v.Page(status, "power_end.html", "power."+act+".title", view, errs...)
}

// endable reports whether the act is possible, though a stronger sign-in may be
// needed for it.
func endable(actions desk.Actions, act string) bool {
	found := actions.Find(act)
	return found != nil && (found.Allowed || found.Reason == "assurance_insufficient")
}

// handedOn are the live powers that hand this one on, as far as the organisation, or the
// person, sees them.
func handedOn(v *desk.Visit, id string) ([]power, error) {
	var below []power
	if here(v).own {
		handed, err := myPowers(v, "handed")
		for _, p := range handed {
			if p.ParentID == id && p.Status == "active" {
				below = append(below, p)
			}
		}
		return below, err
	}
	for _, side := range []string{"granted", "given"} {
		var found page
		if err := v.Get("/powers-of-attorney", url.Values{"side": {side}, "status": {"active"}, "limit": {"200"}}, &found); err != nil {
			return nil, err
		}
		for _, p := range found.Powers {
			if p.ParentID == id {
				below = append(below, p)
			}
		}
	}
	return below, nil
}

// ended ends the power; a sign-in by certificate that it takes is asked for on the
// way, and the form comes back filled in.
func ended(act string) func(*desk.Visit) error {
	return func(v *desk.Visit) error {
		var told struct {
			Ended []power `json:"ended"`
		}
		reason := v.Value("reason")
		if err := v.Post(api(v)+"/"+act, map[string]string{"reason": reason}, &told); err != nil {
			status, errs, err := v.Mendable(err, "reason")
			if err != nil {
				return err
			}
			return endPage(v, status, act, reason, errs...)
		}
		return v.Done(here(v).all+"/"+desk.Escape(v.PathValue("id")), "power."+act+".done", "Count", len(told.Ended))
	}
}

type importView struct {
	Verdict *validation
	Checks  []pages.CheckLine
}

// importForm takes a machine-readable form that was made elsewhere.
func importForm(v *desk.Visit) error {
	return v.Page(http.StatusOK, "power_import.html", "power.import.title", importView{})
}

// imported checks the form and, unless only the check was asked for, enters it.
func imported(v *desk.Visit) error {
	parts, closeAll, err := documents(v, "file", "signature")
	defer closeAll()
	if errors.Is(err, desk.ErrNoFile) {
		return v.Page(http.StatusUnprocessableEntity, "power_import.html", "power.import.title", importView{}, pages.FieldError{Field: "file", Key: "power.import.none"})
	}
	if err != nil {
		return err
	}
	if v.Value("go") == "check" {
		return tried(v, http.StatusOK, parts)
	}
	var made power
	if err = v.Upload("/powers-of-attorney", parts, &made, desk.IdempotencyKey(v.FormKey())); err == nil {
		return v.Done(organisations.of(made), "power.imported")
	}
	status, errs, err := v.Mendable(err, "file", "signature")
	if err != nil {
		return err
	}
	return tried(v, status, parts, errs...)
}

// tried shows every message of the check of a form.
func tried(v *desk.Visit, status int, parts []desk.Part, errs ...pages.FieldError) error {
	var view importView
	if err := v.Upload("/powers-of-attorney/validate", parts, &view.Verdict); err != nil {
		also, more, err := v.Mendable(err, "file", "signature")
		if err != nil {
			return err
		}
		if len(errs) == 0 {
			status, errs = also, more
		}
	}
	view.Checks = view.Verdict.checkLines(v)
	return v.Page(status, "power_import.html", "power.import.title", view, errs...)
}

// documents opens the files of a form. The first one must be there, those behind it
// need not.
func documents(v *desk.Visit, names ...string) ([]desk.Part, func(), error) {
	var parts []desk.Part
	var open []func() error
	closeAll := func() {
		for _, end := range open {
			_ = end()
		}
	}
	for i, name := range names {
		file, header, err := v.File(name)
		if errors.Is(err, desk.ErrNoFile) && i > 0 {
			continue
		}
		if err != nil {
			return nil, closeAll, err
		}
		open = append(open, file.Close)
		parts = append(parts, desk.FilePart(name, file, header))
	}
	return parts, closeAll, nil
}
