package desk

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

// Visit is one request of a person who has signed in and, where the house has them,
// acts for an organisation.
type Visit struct {
	*request
	key     string // of the session
	session *session
	seenAt  time.Time
	me      me
	draft   *draft
	drafted bool // the page took it
	notice  *pages.Tag
	frames  bool // the page holds frames
}

// private wraps a page that needs a session.
func (d *Desk) private(route Route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := &request{d: d, w: w, r: r, lang: pages.Language(r)}
		r.Body = http.MaxBytesReader(w, r.Body, q.most(route))
		v, err := d.visit(q)
		if err == nil {
			defer v.tidy()
			err = v.answer(route)
		}
		if err != nil {
			q.fail(err)
		}
	}
}

// visit finds the session of the request. A form is read first: it is kept when the
// session is over.
func (d *Desk) visit(q *request) (*Visit, error) {
	if err := q.form(); err != nil {
		return nil, err
	}
	value := q.cookie(d.sessionCookie())
	if value == "" {
		return nil, &signIn{}
	}
	key := d.sessionKey(value)
	found, seen, err := d.session(q.ctx(), key)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, &signIn{}
	}
	if err != nil {
		return nil, err
	}
	return &Visit{request: q, key: key, session: found, seenAt: seen}, nil
}

// answer does what the route does, or tells why not.
func (v *Visit) answer(route Route) error {
	if err := v.files(); err != nil {
		return err
	}
	if err := v.arrive(route); err != nil {
		return err
	}
	if !route.anywhere {
		if err := v.sameDrawn(); err != nil {
			return v.told(err)
		}
	}
	return v.told(route.Handle(v))
}

// arrive notes the use of the session and learns who comes, and for whom.
func (v *Visit) arrive(route Route) error {
	if now := v.d.deps.Now(); now.Sub(v.seenAt) >= seenPause {
		if err := v.d.seen(v.ctx(), v.key, v.session); err != nil {
			return err
		}
		v.seenAt = now
	}
	if err := v.Get("/me", nil, &v.me); err != nil {
		return err
	}
	if v.session.Newcomer && v.me.Organization == nil {
		if err := v.arriveNew(route); err != nil {
			return err
		}
	}
	if !v.d.deps.House.Organisations && v.me.Name != "" {
		v.me.Person = &Person{Name: v.me.Name}
	}
	if v.me.Person == nil || (v.me.Organization == nil) == v.d.deps.House.Organisations {
		return v.again(errors.New("the token is of no person, or not of an organisation where one is needed"))
	}
	v.me.Person.ID = v.session.Subject
	return v.loadDraft()
}

// tidy removes what a form with files left on disk.
func (v *Visit) tidy() {
	if v.r.MultipartForm == nil {
		return
	}
	if err := v.r.MultipartForm.RemoveAll(); err != nil {
		v.d.deps.Log.WarnContext(v.ctx(), "an uploaded file stays on disk", "error", err)
	}
}

// again sends the person to sign in once more, but never in a circle.
func (v *Visit) again(why error) error {
	if v.justSignedIn() {
		return failed(http.StatusForbidden, "loop").because(why)
	}
	return &signIn{}
}

// justSignedIn: another sign-in would bring nothing that this one has not.
func (v *Visit) justSignedIn() bool { return v.d.deps.Now().Sub(v.session.SignedIn) < freshSignIn }

// renew refreshes the tokens, for another organisation when one is named. Two
// requests of one session refresh once: the second takes what the first got.
func (v *Visit) renew(organisation string) error {
	held := v.session.Tokens.Access
	ctx := context.WithoutCancel(v.ctx()) // others may wait for the same answer
	renewed, err, _ := v.d.refreshes.Do(v.key+" "+organisation, func() (any, error) {
		current, _, err := v.d.session(ctx, v.key)
		if err != nil {
			return nil, err
		}
		if organisation == "" && current.Tokens.Access != held {
			return current, nil
		}
		if current.Tokens, err = v.d.issuer.refresh(ctx, current, organisation); err != nil {
			return nil, err
		}
		if organisation != "" {
			current.Idle = v.d.idleLife(v.request, current)
		}
		return current, v.d.keep(ctx, v.key, current)
	})
	if errors.Is(err, errGrantOver) || errors.Is(err, storage.ErrNotFound) {
		return &signIn{organisation: organisation, newcomer: v.session.Newcomer && organisation == ""}
	}
	if err != nil {
		return fmt.Errorf("refresh the tokens: %w", err)
	}
	copied := *renewed.(*session)
	v.session = &copied
	return nil
}

// Context is the request's.
func (v *Visit) Context() context.Context { return v.ctx() }

// Request is the request itself, for what Visit has no word for.
func (v *Visit) Request() *http.Request { return v.r }

// Writer is where the answer goes, for files and streams alone.
func (v *Visit) Writer() http.ResponseWriter { return v.w }

// Now is the time.
func (v *Visit) Now() time.Time { return v.d.deps.Now() }

// Lang is "ru" or "en".
func (v *Visit) Lang() string { return v.lang }

// T says a text of the catalogue; args are names and values of its placeholders.
func (v *Visit) T(key string, args ...any) string { return v.t(key, args...) }

// Person is who has signed in.
func (v *Visit) Person() Person { return *v.me.Person }

// Organisation is the one that the person acts for, in a house that has them.
func (v *Visit) Organisation() Organisation { return *v.me.Organization }

// Power is the number of the power of attorney by which the visitor, who is no member,
// acts for the organisation; "" when he acts as himself.
func (v *Visit) Power() string {
	if o := v.me.Organization; o != nil && o.Power != nil {
		return o.Power.Number
	}
	return ""
}

// ACR is how strongly the person has signed in: urn:propusk:1, :2 or :qualified.
func (v *Visit) ACR() string { return v.me.ACR }

// May reports whether the person has a permission in the organisation; in a house
// without them, a role. The API decides; pages only do not offer what it would refuse.
func (v *Visit) May(permission string) bool {
	if v.me.Organization == nil {
		return slices.Contains(v.me.Roles, permission)
	}
	return slices.Contains(v.me.Organization.Permissions, permission)
}

// PathValue is a part of the path: "id" of "/cabinet/filings/{id}".
func (v *Visit) PathValue(name string) string { return v.r.PathValue(name) }

// Query is a parameter of the page's address, without blanks around it.
func (v *Visit) Query(name string) string { return strings.TrimSpace(v.r.URL.Query().Get(name)) }

// Path is where the page stands, without its query.
func (v *Visit) Path() string { return v.r.URL.Path }

// Escape is a part of a path of the API or of a page: v.Get("/filings/"+Escape(id)).
func Escape(part string) string { return url.PathEscape(part) }

// RolesText are the person's roles in words; of a representative, his power of
// attorney.
func (v *Visit) RolesText() string {
	roles := v.me.Roles
	if organisation := v.me.Organization; organisation != nil {
		if organisation.Power != nil {
			return v.t("role.power") + organisation.Power.Number
		}
		roles = organisation.Roles
	}
	names := make([]string, len(roles))
	for i, name := range roles {
		names[i] = v.t("role." + name)
	}
	return strings.Join(names, ", ")
}

// short is "Е. Морозова"; the whole name when its parts are not known.
func (p *Person) short() string {
	first := []rune(p.FirstName)
	if len(first) == 0 || p.LastName == "" {
		return p.Name
	}
	return string(first[:1]) + ". " + p.LastName
}

func ignoreMissing(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	return err
}

// free is private for what a form of any organisation may ask: a switch of the
// organisation is not bound to the one it is drawn for.
func (d *Desk) free(handle func(*Visit) error) http.HandlerFunc {
	return d.private(Route{Handle: handle, anywhere: true})
}
