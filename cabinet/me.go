package cabinet

import (
	"net/http"
	"time"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// meView says for whom a token acts. Of a person it tells what the token's scopes
// allow (OpenID Connect Core §5.4), never a document's number.
type meView struct {
	Subject      string                 `json:"sub"`
	Kind         string                 `json:"kind"` // person or client
	ClientID     string                 `json:"client_id"`
	Scope        string                 `json:"scope"`
	ExpiresAt    storage.Time           `json:"expires_at"`
	ACR          string                 `json:"acr,omitempty"`
	AMR          []string               `json:"amr,omitempty"`
	AuthTime     *storage.Time          `json:"auth_time,omitempty"`
	Person       *personView            `json:"person,omitempty"`
	Organization *tokenOrganizationView `json:"organization,omitempty"`
}

type personView struct {
	Number        string `json:"number,omitempty"`
	Name          string `json:"name,omitempty"`
	LastName      string `json:"last_name,omitempty"`
	FirstName     string `json:"first_name,omitempty"`
	MiddleName    string `json:"middle_name,omitempty"`
	Locale        string `json:"locale,omitempty"`
	Email         string `json:"email,omitempty"`
	EmailVerified *bool  `json:"email_verified,omitempty"`
	Phone         string `json:"phone,omitempty"`
	PhoneVerified *bool  `json:"phone_verified,omitempty"`
}

// tokenOrganizationView is the organisation as the token names it.
type tokenOrganizationView struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	INN         string   `json:"inn"`
	KPP         string   `json:"kpp,omitempty"`
	OGRN        string   `json:"ogrn"`
	Roles       []string `json:"roles"`
	Permissions []string `json:"permissions"`
	// Power is by which the person, who is no member, acts for it.
	Power *tokenPowerView `json:"power,omitempty"`
}

// tokenPowerView names a power of attorney.
type tokenPowerView struct {
	ID     string `json:"id"`
	Number string `json:"number"`
	Until  string `json:"until"` // its last day
}

// me answers GET /v1/me.
func (s *Server) me(c api.Call) error {
	view := newMeView(c.Claims)
	if !c.Claims.Service() {
		person, err := s.Directory.Person(c.Ctx(), c.Claims.Subject)
		if err != nil {
			return api.DirectoryRefusal(err)
		}
		view.Person = newPersonView(person, c.Claims)
	}
	return api.Answer(c, http.StatusOK, "", view)
}

func newMeView(claims *api.Claims) meView {
	view := meView{
		Subject: claims.Subject, Kind: "person", ClientID: claims.ClientID, Scope: claims.Scope,
		ExpiresAt: storage.Of(time.Unix(claims.Expiry, 0)), ACR: claims.ACR, AMR: claims.AMR,
	}
	if claims.Service() {
		view.Kind = "client"
	}
	if claims.AuthTime > 0 {
		at := storage.Of(time.Unix(claims.AuthTime, 0))
		view.AuthTime = &at
	}
	if org := claims.Organisation; org != nil {
		view.Organization = &tokenOrganizationView{
			ID: org.ID, Name: org.Name, INN: org.INN, KPP: org.KPP, OGRN: org.OGRN,
			Roles: api.List(claims.Roles), Permissions: api.List(claims.Permissions),
		}
		if p := claims.Power; p != nil {
			ends := directory.PowerOfAttorney{ValidUntil: storage.Of(time.Unix(p.Until, 0))}
			view.Organization.Power = &tokenPowerView{p.ID, p.Number, ends.LastDay()}
		}
	}
	return view
}

func newPersonView(person directory.Person, claims *api.Claims) *personView {
	view := new(personView)
	if claims.HasScope("profile") {
		view.Number, view.Name, view.Locale = person.Number, person.FullName(), person.Locale
		view.LastName, view.FirstName, view.MiddleName = person.LastName, person.FirstName, person.MiddleName
	}
	if claims.HasScope("email") && person.Email != "" {
		view.Email, view.EmailVerified = person.Email, &person.EmailVerified
	}
	if claims.HasScope("phone") && person.Phone != "" {
		view.Phone, view.PhoneVerified = person.Phone, &person.PhoneVerified
	}
	return view
}

// membershipView is one organisation of the person, so that an application can
// offer to change to it (the organization parameter of a refresh). Current marks
// the token's own.
type membershipView struct {
	ID        string          `json:"id"`
	Kind      string          `json:"kind"`
	Name      string          `json:"name"`
	INN       string          `json:"inn"`
	KPP       string          `json:"kpp,omitempty"`
	OGRN      string          `json:"ogrn"`
	Role      directory.Role  `json:"role,omitempty"` // "" for a representative
	RoleLabel string          `json:"role_label"`
	Position  string          `json:"position,omitempty"`
	Power     *tokenPowerView `json:"power,omitempty"` // by which a representative enters it
	Current   bool            `json:"current"`
}

func newMembershipView(m directory.Membership, claims *api.Claims, lang string) membershipView {
	return membershipView{
		ID: m.Organisation.ID, Kind: m.Organisation.Kind, Name: m.Organisation.Name,
		INN: m.Organisation.INN, KPP: m.Organisation.KPP, OGRN: m.Organisation.OGRN,
		Role: m.Member.Role, RoleLabel: m.Member.Role.Label(lang), Position: m.Member.Position,
		Current: m.Organisation.ID == claims.OrganisationID(),
	}
}

// newRepresentationView is an organisation that a power of attorney opens.
func newRepresentationView(r directory.Representation, claims *api.Claims, lang string) membershipView {
	o, p := r.Organisation, r.Powers[0]
	return membershipView{
		ID: o.ID, Kind: o.Kind, Name: o.Name, INN: o.INN, KPP: o.KPP, OGRN: o.OGRN,
		RoleLabel: p.Title(lang), Power: &tokenPowerView{p.ID, p.Number, p.LastDay()},
		Current: o.ID == claims.OrganisationID(),
	}
}

// organizations answers GET /v1/organizations: where the person is a member, then
// where powers of attorney let him in. It is the one answer that names more than the token's organisation, and it names only
// what the person chooses from at every sign-in.
func (s *Server) organizations(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	memberships, err := s.Directory.Memberships(c.Ctx(), c.Claims.Subject)
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	represented, err := s.Directory.Representations(c.Ctx(), c.Claims.Subject)
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	lang := api.LanguageOf(c.Request())
	views := make([]membershipView, 0, len(memberships)+len(represented))
	for _, m := range memberships {
		views = append(views, newMembershipView(m, c.Claims, lang))
	}
	for _, r := range represented {
		views = append(views, newRepresentationView(r, c.Claims, lang))
	}
	api.Speaks(c, lang)
	return api.Answer(c, http.StatusOK, "", map[string]any{"organizations": views})
}
