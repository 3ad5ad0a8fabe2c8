package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"propusk/idp/pages"
	"propusk/storage"
)

const (
	refreshBefore = time.Minute     // a token this close to its end is renewed first
	freshSignIn   = 5 * time.Second // a token refused so soon will not be better after another sign-in
)

// visit is one request of a person who has signed in.
type visit struct {
	*request
	key     string // of the session
	session *session
	me      me
}

// private wraps a page that needs a session and its organisation.
func (s *Server) private(handle func(*visit) error) http.HandlerFunc {
	return s.open(func(q *request) error {
		v, err := s.visit(q)
		if err != nil {
			return err
		}
		if err := v.call(http.MethodGet, "/me", nil, &v.me); err != nil {
			return err
		}
		if v.me.Person == nil || v.me.Organization == nil {
			return v.again(errors.New("the token is of no person or of no organisation"))
		}
		return v.refused(handle(v))
	})
}

// visit finds the session of the request.
func (s *Server) visit(q *request) (*visit, error) {
	value := q.cookie(sessionCookie)
	if value == "" {
		return nil, &signIn{}
	}
	key := sessionKey(value)
	found, err := s.session(q.ctx(), key)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, &signIn{}
	}
	if err != nil {
		return nil, err
	}
	v := &visit{request: q, key: key, session: found}
	return v, v.seen()
}

// seen notes the use of the session.
func (v *visit) seen() error {
	now := v.s.deps.Now()
	if now.Sub(v.session.Seen) < seenPause {
		return nil
	}
	v.session.Seen = now
	return v.s.keep(v.ctx(), v.key, v.session)
}

// prolong is asked for by a page whose person is at it still; it needs no answer.
func (v *visit) prolong() error {
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}

// idle lets the page warn before the session ends by itself, and keep what was
// typed for the same person's return.
func (v *visit) idle() *pages.Idle {
	left := v.session.idleEnd().Sub(v.s.deps.Now())
	return &pages.Idle{
		Left: max(left, time.Second), ProlongURL: "/cabinet/prolong", EndURL: v.back(),
		Keeper: digest("cabinet/" + v.session.Subject)[:16],
	}
}

// call asks the API with a live token. A token that the API refuses is renewed
// once (rights may have changed); what is refused even then, or asks for a
// stronger sign-in (RFC 9470), sends the person to sign in.
func (v *visit) call(method, path string, in, out any) error {
	if v.s.deps.Now().Add(refreshBefore).After(v.session.Tokens.Expiry) {
		if err := v.renew(""); err != nil {
			return err
		}
	}
	err := v.ask(method, path, in, out)
	if !unauthorised(err) {
		return err
	}
	if err := v.renew(""); err != nil {
		return err
	}
	if err = v.ask(method, path, in, out); !unauthorised(err) {
		return err
	}
	return v.again(err)
}

// again sends the person to sign in once more, but never in a circle.
func (v *visit) again(why error) error {
	if v.s.deps.Now().Sub(v.session.SignedIn) < freshSignIn {
		return failed(http.StatusForbidden, "loop").because(why)
	}
	return &signIn{}
}

// ask makes the request and turns a demand for a stronger sign-in into one.
func (v *visit) ask(method, path string, in, out any) error {
	err := v.s.api.ask(v.ctx(), v.session.Tokens.Access, v.lang, method, path, in, out)
	if problem, ok := errors.AsType[*Problem](err); ok && problem.acr != "" {
		return &signIn{acr: problem.acr, organisation: v.organisationID()}
	}
	return err
}

func (v *visit) organisationID() string {
	if v.me.Organization == nil {
		return ""
	}
	return v.me.Organization.ID
}

func unauthorised(err error) bool {
	problem, ok := errors.AsType[*Problem](err)
	return ok && problem.Status == http.StatusUnauthorized
}

// renew refreshes the tokens, for another organisation when one is named. Two
// requests of one session refresh once: the second takes what the first got.
func (v *visit) renew(organisation string) error {
	held := v.session.Tokens.Access
	ctx := context.WithoutCancel(v.ctx()) // others may wait for the same answer
	renewed, err, _ := v.s.refreshes.Do(v.key+" "+organisation, func() (any, error) {
		current, err := v.s.session(ctx, v.key)
		if err != nil {
			return nil, err
		}
		if organisation == "" && current.Tokens.Access != held {
			return current, nil
		}
		if current.Tokens, err = v.s.issuer.refresh(ctx, current, organisation); err != nil {
			return nil, err
		}
		if organisation != "" {
			current.Idle = v.s.idleLife(v.request, current.Tokens.Access)
		}
		return current, v.s.keep(ctx, v.key, current)
	})
	if errors.Is(err, errGrantOver) || errors.Is(err, storage.ErrNotFound) {
		return &signIn{organisation: organisation}
	}
	if err != nil {
		return fmt.Errorf("refresh the tokens: %w", err)
	}
	copied := *renewed.(*session)
	v.session = &copied
	return nil
}

// refused draws a page of its own for a right that is missing, so that the
// person sees where they are and what they lack.
func (v *visit) refused(err error) error {
	problem, ok := errors.AsType[*Problem](err)
	if !ok || problem.Status != http.StatusForbidden {
		return err
	}
	return v.page(http.StatusForbidden, "refused.html", "refused.title", refusedView{Title: problem.Title, Detail: v.told(problem)})
}

type refusedView struct{ Title, Detail string }

var permissions = []string{"organization:read", "members:read", "members:write", "journal:read"}

// told is the API's refusal with the missing right in a person's words.
func (v *visit) told(problem *Problem) string {
	if problem.Code != "permission_missing" {
		return problem.Detail
	}
	for _, right := range permissions {
		if strings.Contains(problem.Detail, right) {
			return v.t("refused.permission", "Right", v.t("scope."+right))
		}
	}
	return problem.Detail
}

// may reports whether the person has a right. The API decides; the pages only
// do not offer what it would refuse.
func (v *visit) may(right string) bool { return slices.Contains(v.me.Organization.Permissions, right) }

// draft is the form that a sign-in interrupted on this page, once.
func (v *visit) draft() url.Values {
	kept := v.session.Draft
	if kept == nil || kept.Page != v.r.URL.Path {
		return nil
	}
	v.session.Draft = nil
	if err := v.s.keep(v.ctx(), v.key, v.session); err != nil {
		v.s.deps.Log.WarnContext(v.ctx(), "a draft is kept longer than needed", "error", err)
	}
	return kept.Form
}

// formPage is the page that a form stands on, by the path it is sent to.
func formPage(path string) string {
	switch {
	case strings.HasPrefix(path, "/cabinet/invitations/"):
		return "/cabinet/members"
	case strings.HasPrefix(path, "/cabinet/members/"):
		return strings.TrimSuffix(strings.TrimSuffix(path, "/role"), "/remove")
	case path == "/cabinet/organisations":
		return path
	}
	return "/cabinet"
}

// page draws a page in the cabinet's frame.
func (v *visit) page(status int, template, title string, data any, errs ...pages.FieldError) error {
	return v.s.pages.Render(v.w, v.r, status, pages.Custom{
		Template: template, Title: title, Data: data, Errors: errs, Shell: v.shell(), Idle: v.idle(), RedirectURI: v.s.deps.Issuer,
	})
}

// shell is the frame: whose cabinet it is, and where one can go.
func (v *visit) shell() *pages.Shell {
	shell := &pages.Shell{
		Organisation: pages.Strip{Name: v.me.Organization.Name, Sub: v.roles()},
		PersonName:   v.me.Person.short(), HomeURL: "/cabinet", SignOutURL: "/cabinet/signout",
		HelpURL: strings.TrimRight(v.s.deps.Issuer, "/") + "/help",
	}
	if v.session.Several {
		shell.Organisation.SwitchURL = "/cabinet/organisations"
	}
	for _, place := range []struct{ title, url string }{
		{"place.organisation", "/cabinet"}, {"place.members", "/cabinet/members"}, {"place.journal", "/cabinet/journal"},
	} {
		here := v.r.URL.Path == place.url || place.url != "/cabinet" && strings.HasPrefix(v.r.URL.Path, place.url+"/")
		shell.Nav = append(shell.Nav, pages.NavItem{Title: place.title, URL: place.url, Current: here})
	}
	return shell
}

// roles are the person's roles in words; of a representative, his power of attorney.
func (v *visit) roles() string {
	if power := v.me.Organization.Power; power != nil {
		return v.t("role.power") + power.Number
	}
	names := make([]string, len(v.me.Organization.Roles))
	for i, name := range v.me.Organization.Roles {
		names[i] = v.t("role." + name)
	}
	return strings.Join(names, ", ")
}

// short is "Е. Морозова"; the whole name when its parts are not known.
func (p *person) short() string {
	first := []rune(p.FirstName)
	if len(first) == 0 || p.LastName == "" {
		return p.Name
	}
	return string(first[:1]) + ". " + p.LastName
}
