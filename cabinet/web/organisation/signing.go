package organisation

import (
	"net/http"
	"strings"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// statement is a text that the API gives to be signed with a qualified signature.
type statement struct {
	text string
	api  string // that takes the signature
	at   string // the page of what it is about
	name string // of the file
}

// dialog is the statement as the signing dialog shows it: word for word.
func (s statement) dialog(v *desk.Visit, title, act string, facts ...pages.Pair) desk.Signing {
	return desk.Signing{
		Title: v.T(title), Lead: title + ".lead", Facts: facts, Preview: s.text,
		FileURL: s.at + "/statement", FileName: s.name, Size: int64(len(s.text)),
		Action: s.at + "/sign", Act: act, BackURL: s.at, Back: "company.sign.back",
	}
}

// application is the statement of a registration: the organisation's own certificate
// shows that its holder may open the cabinet (row 115).
func application(v *desk.Visit) (statement, error) {
	var found registration
	err := v.Get(registrationPath(v), nil, &found)
	return statement{found.TextToSign, registrationPath(v) + "/signature", registrationAt(v), "application.txt"}, err
}

// proposal is the statement of a change of the profile.
func proposal(v *desk.Visit) (statement, error) {
	var found change
	err := v.Get(changePath(v), nil, &found)
	return statement{found.TextToSign, changePath(v) + "/confirm", ownPath(v), "change.txt"}, err
}

// signs are the pages on which a statement is signed.
type signs struct {
	find       func(*desk.Visit) (statement, error)
	title, act string
	done       func(v *desk.Visit, state string) error
}

var (
	signsApplication = signs{application, "company.sign.registration", "company.sign.act", func(v *desk.Visit, _ string) error {
		return v.Done(registrationAt(v), "company.done.signed")
	}}
	signsChange = signs{proposal, "company.sign.change", "company.confirm.act", func(v *desk.Visit, state string) error {
		return v.Done("/cabinet/organization", "company.done."+doneState(state))
	}}
)

// open draws the dialog; there is nothing to sign when the thing has moved on.
func (s signs) open(v *desk.Visit) error {
	found, err := s.find(v)
	if err != nil {
		return err
	}
	if strings.TrimSpace(found.text) == "" {
		return v.Redirect(found.at)
	}
	return v.Sign(http.StatusOK, found.dialog(v, s.title, s.act), nil)
}

// statement hands the text over, to be signed by another program.
func (s signs) statement(v *desk.Visit) error {
	found, err := s.find(v)
	if err != nil {
		return err
	}
	return v.Text(found.name, found.text)
}

// take sends the signature; a refused one comes back with what each check found.
func (s signs) take(v *desk.Visit) error {
	found, err := s.find(v)
	if err != nil {
		return err
	}
	made, err := v.Signature()
	var told struct {
		State string `json:"state"`
	}
	if err == nil {
		if err = v.Post(found.api, map[string]string{"signature": desk.SignatureText(made)}, &told); err == nil {
			return s.done(v, told.State)
		}
	}
	return v.UnsignedText(err, found.dialog(v, s.title, s.act), found.text, made)
}
