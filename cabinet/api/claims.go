package api

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"

	"propusk/idp/directory"
	"propusk/idp/possession"
	"propusk/storage/revocation"
)

// Claims are what an access token says (RFC 9068 §2.2), with our own claims for
// the organisation. They are read only after the signature has been verified and
// are shared between requests: nobody may change them.
type Claims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  Audience `json:"aud"`
	ClientID  string   `json:"client_id"`
	ID        string   `json:"jti"`
	Expiry    int64    `json:"exp"` // seconds since 1970, as all times here
	IssuedAt  int64    `json:"iat"`
	NotBefore int64    `json:"nbf"`
	Scope     string   `json:"scope"`

	GrantID   string   `json:"gid"` // the family of tokens that one consent began
	SessionID string   `json:"sid"` // empty for a client that acts for itself
	AuthTime  int64    `json:"auth_time"`
	ACR       string   `json:"acr"`
	AMR       []string `json:"amr"`

	Organisation      *TokenOrganisation `json:"org"` // nil: the token opens no organisation
	Roles             []string           `json:"roles"`
	Permissions       []string           `json:"permissions"`
	MembershipVersion int64              `json:"mv"` // a change of the membership makes older tokens void

	Power *TokenPower `json:"poa"` // nil for a member and for a service at home

	Actor *TokenActor `json:"act"` // who uses a token that speaks for somebody else; nil: the subject does
	// Origin is the client that a token was issued to before others exchanged it for
	// their own; "" for a token that was never exchanged.
	Origin string `json:"azp"`

	// Details are how far the token reaches in the domains that they speak of (RFC
	// 9396 §9.1); none for most tokens. Call.Actor carries them to the directory,
	// which holds every act against them.
	Details directory.Details `json:"authorization_details"`

	Confirmation *possession.Confirmation `json:"cnf"` // what its bearer must prove to hold; nil: nothing
}

// TokenOrganisation is the one organisation that a token opens.
type TokenOrganisation struct {
	ID   string `json:"id"`
	INN  string `json:"inn"`
	OGRN string `json:"ogrn"`
	KPP  string `json:"kpp"`
	Name string `json:"name"`
}

// TokenPower is the power of attorney by which the token's person, who is no
// member, acts for the organisation. How far it reaches is asked of the directory
// at each act (directory.Authorise).
type TokenPower struct {
	ID     string `json:"id"`
	Number string `json:"number"`
	Until  int64  `json:"until"` // the end of its last day
}

// TokenActor is the client that uses a token which speaks for somebody else (RFC
// 8693 §4.1), and inside it the one before.
type TokenActor struct {
	Subject      string      `json:"sub"`
	Organisation string      `json:"org"` // to which the client belongs, where it acts for another one
	Before       *TokenActor `json:"act"`
}

// Service tells a client that acts for itself (client credentials) from a person
// who acts through a client: RFC 9068 §2.2 gives the former its own client_id as sub.
func (c *Claims) Service() bool { return c.Subject == c.ClientID }

// OrganisationID is empty for a token that opens no organisation.
func (c *Claims) OrganisationID() string {
	if c.Organisation == nil {
		return ""
	}
	return c.Organisation.ID
}

// HasScope reports whether the space-separated scope (RFC 6749 §3.3) holds one value.
func (c *Claims) HasScope(scope string) bool {
	rest := c.Scope
	for rest != "" {
		var one string
		one, rest, _ = strings.Cut(rest, " ")
		if one == scope {
			return true
		}
	}
	return false
}

// HasPermission reports whether the token's holder may do something in its organisation.
func (c *Claims) HasPermission(permission string) bool {
	return slices.Contains(c.Permissions, permission)
}

// Reaches reports whether the token does something without limits: its application was
// allowed it, its holder may do it, and no authorization detail speaks of it. That is
// what can be handed on, to a program or to an address: Permissions alone are the
// holder's, and reach further than what he let the application do.
func (c *Claims) Reaches(permission string) bool {
	return c.HasScope(permission) && c.HasPermission(permission) &&
		!slices.ContainsFunc(c.Details, func(d directory.Detail) bool {
			return slices.Contains(d.Type.Permissions(), directory.Permission(permission))
		})
}

// Revocable names everything by whose revocation this token dies.
func (c *Claims) Revocable() revocation.Token {
	token := revocation.Token{
		ID: c.ID, Grant: c.GrantID, Session: c.SessionID, Client: c.ClientID,
		Organisation: c.OrganisationID(), MemberVersion: c.MembershipVersion, Origin: c.Origin,
	}
	switch {
	case !c.Service():
		token.Person = c.Subject
	case c.Actor != nil: // a program by power: its rights are those of its organisation
		token.Person = c.Actor.Organisation
	}
	if c.Power != nil { // mv then counts the changes of the rights by power
		token.MemberVersion, token.PowerVersion = 0, c.MembershipVersion
	}
	return token
}

// Audience is one string or a list of them (RFC 7519 §4.1.3).
type Audience []string

func (a *Audience) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		*a = make(Audience, 1)
		return json.Unmarshal(data, &(*a)[0])
	}
	return json.Unmarshal(data, (*[]string)(a))
}

// ClockSkew is how far the issuer's clock may run ahead of ours. The end of a
// token's life is exact.
const ClockSkew = 5 * time.Second

// ParseClaims reads a verified payload. The decoder is go-jose's: unlike
// encoding/json it minds the case of names and refuses a name given twice.
func ParseClaims(payload []byte) (*Claims, error) {
	claims := new(Claims)
	if err := json.Unmarshal(payload, claims); err != nil {
		return nil, err
	}
	return claims, nil
}

// Complete checks the claims that RFC 9068 §2.2 requires and those that must be
// there together. It checks nothing that depends on the time.
func (c *Claims) Complete() error {
	switch {
	case c.Subject == "" || c.ClientID == "" || c.ID == "":
		return errors.New("sub, client_id and jti are required")
	case c.Expiry <= 0 || c.IssuedAt <= 0 || c.Expiry <= c.IssuedAt:
		return errors.New("exp and iat are required, in their order")
	case c.Organisation != nil && c.Organisation.ID == "":
		return errors.New("org has no id")
	case c.Organisation == nil && len(c.Permissions) > 0,
		c.Organisation == nil && len(c.Roles) > 0 && !c.HasScope("console:read") && !c.HasScope("console:write"):
		return errors.New("permissions without an organisation")
	case c.Organisation != nil && !c.Service() && c.MembershipVersion <= 0:
		return errors.New("a member's token has no membership version")
	case c.Power != nil && (c.Organisation == nil || c.Power.ID == "" || len(c.Roles) > 0):
		return errors.New("poa goes with an organisation, and with no role")
	case c.Service() && (c.Power != nil) != (c.Actor != nil):
		return errors.New("a client's own token has both poa and act, or neither")
	case c.Service() && c.Power != nil && (c.Actor.Organisation == "" || c.Actor.Organisation == c.Organisation.ID || c.MembershipVersion <= 0):
		return errors.New("a client acts by power for another organisation than its own, and the token has the version of its rights")
	}
	return c.completeDetails()
}

// completeDetails refuses a token whose limits this server does not understand: it
// would not keep them.
func (c *Claims) completeDetails() error {
	for _, detail := range c.Details {
		if err := detail.Check(); err != nil {
			return fmt.Errorf("authorization_details: %w", err)
		}
	}
	if len(c.Details) > 0 && c.Organisation == nil {
		return errors.New("authorization_details without an organisation")
	}
	return nil
}
