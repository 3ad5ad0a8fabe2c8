package account

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/pages"
)

type profileView struct {
	frame
	About         []pages.Pair
	Organisations []pages.Held
	Attention     []pages.Held // what the person should look at first
	Locale        string
	Locales       []pages.Option
}

// profile shows who the person is to the house, and what wants attention.
func (s *Server) profile(v *visit) error {
	view := profileView{frame: frame{v.notice()}, Locale: v.Person.Locale}
	view.Locales = []pages.Option{{Value: "ru", Label: "Русский"}, {Value: "en", Label: "English"}}
	identity, err := s.deps.Directory.Identity(v.ctx(), v.Person.ID)
	if err != nil {
		return err
	}
	view.About = v.about(identity)
	memberships, err := s.deps.Directory.Memberships(v.ctx(), v.Person.ID)
	if err != nil {
		return err
	}
	for _, m := range memberships {
		view.Organisations = append(view.Organisations, v.organisation(m))
	}
	if view.Attention, err = s.attention(v); err != nil {
		return err
	}
	return v.page(http.StatusOK, "account_profile.html", "account.place.profile", view)
}

func (v *visit) about(identity directory.Identity) []pages.Pair {
	p := v.Person
	about := []pages.Pair{
		{Label: "account.name", Text: p.FullName()},
		{Label: "account.number", Text: p.Number, Under: "account.number.hint"},
		{Label: "account.level", Text: v.t("account.level." + string(identity.Level)), Under: "account.level." + string(identity.Level) + ".text"},
	}
	if born, err := time.Parse(time.DateOnly, identity.BirthDate); err == nil {
		about = append(about, pages.Pair{Label: "account.born", Text: born.Format("02.01.2006")})
	}
	snils, verified := p.SNILS, p.SNILSVerified
	if snils == "" {
		snils = identity.ClaimedSNILS
	}
	about = append(about, v.document("account.snils", snils, verified)...)
	about = append(about, v.document("account.inn", p.INN, p.INNVerified)...)
	return append(about, pages.Pair{Label: "account.since", At: p.CreatedAt.Time()})
}

// document is a number that stands on a document: its last digits only, since
// pages are looked at over shoulders.
func (v *visit) document(label, number string, verified bool) []pages.Pair {
	if number == "" {
		return nil
	}
	tag := pages.Tag{Kind: "wait", Text: "account.unverified"}
	if verified {
		tag = pages.Tag{Kind: "go", Text: "account.verified"}
	}
	return []pages.Pair{{Label: label, Text: "•••• " + number[max(0, len(number)-4):], Tag: &tag}}
}

func (v *visit) organisation(m directory.Membership) pages.Held {
	return pages.Held{
		Title: m.Organisation.Name, Tags: []pages.Tag{{Text: m.Role.Label(v.lang)}},
		Facts: []pages.Fact{
			{Label: "number.inn", Text: m.Organisation.INN},
			{Label: "account.member_since", At: m.ActivatedAt.Time()},
		},
	}
}

// attention lists what the person should do something about, the most urgent
// first.
func (s *Server) attention(v *visit) ([]pages.Held, error) {
	var list []pages.Held
	add := func(icon, what, kind, url string, facts ...pages.Fact) {
		key := "account.attend." + what
		list = append(list, pages.Held{
			Icon: icon, Title: key, Tags: []pages.Tag{{Kind: kind, Text: key + ".tag"}}, Facts: facts,
			Text: key + ".text", Acts: []pages.Act{{Title: key + ".act", URL: url}},
		})
	}
	closing, err := s.closing(v)
	if err != nil {
		return nil, err
	}
	if closing.DueAt != 0 {
		add("warn", "closing", "stop", "/account/close", pages.Fact{Label: "account.close.due", At: closing.DueAt.Time()})
	}
	changed, err := s.changedUntold(v)
	if err != nil {
		return nil, err
	}
	if changed {
		add("warn", "changed", "wait", "/account/journal?show=all")
	}
	if _, verified := v.Person.Contact(directory.ChannelEmail); v.Person.Email != "" && !verified {
		add("letter", "email", "wait", "/account/contacts")
	}
	if _, verified := v.Person.Contact(directory.ChannelSMS); v.Person.Phone != "" && !verified {
		add("phone", "phone", "wait", "/account/contacts")
	}
	held, err := s.held(v.ctx(), v.Person)
	if err != nil {
		return nil, err
	}
	if !held.totp && len(held.passkeys) == 0 && len(held.certificates) == 0 {
		add("passkey", "factor", "wait", "/account/security")
	}
	left, err := s.deps.RecoveryCodes.Left(v.ctx(), v.Person.ID)
	if err != nil {
		return nil, fmt.Errorf("count recovery codes: %w", err)
	}
	if left == 0 {
		add("code", "recovery", "info", "/account/recovery-codes")
	}
	return list, nil
}

// How long a change of the ways in is shown to who has one channel, and how long after
// the account was made the first ones are no news.
const (
	changedFor  = 7 * 24 * time.Hour
	changedFrom = time.Hour
)

// changedUntold tells that a way in has changed of late and that the person may not have
// heard of it: he has no proved phone, and whoever changed it may hold his mailbox.
func (s *Server) changedUntold(v *visit) (bool, error) {
	if v.Person.Phone != "" && v.Person.PhoneVerified {
		return false, nil
	}
	since := max(s.now().Add(-changedFor), v.Person.CreatedAt.Add(changedFrom))
	n, err := s.deps.Directory.WaysInChanged(v.ctx(), v.Person.ID, since)
	return n > 0, err
}

// changeLanguage sets the language of pages and messages.
func (s *Server) changeLanguage(v *visit) error {
	locale, err := v.field("locale", 8)
	if err != nil {
		return err
	}
	err = s.deps.Directory.SetLocale(v.ctx(), v.Person.ID, locale)
	if _, bad := errors.AsType[*directory.FieldError](err); bad {
		return browser.Malformed("the language: %w", err)
	}
	if err != nil {
		return err
	}
	return browser.SeeOther(v, "/account?done=language&ui_locales="+locale)
}
