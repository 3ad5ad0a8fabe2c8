package access

import (
	"context"
	_ "embed"
	"errors"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
)

// Access is what an application can do in the organisation's name for a person,
// until it ends.
type Access struct {
	ID            string // of the grant; gid in its tokens
	PersonID      string
	ClientID      string
	ClientName    string
	ClientNameEN  string // ClientName when empty
	UserAgent     string // of the browser it was given in; "" = that session is over
	IP, Country   string // at that session's last proof; "" = not known
	ACR           string
	Offline       bool // it outlives the session
	SignedInAt    storage.Time
	CreatedAt     storage.Time
	UsedAt        storage.Time // the last refresh
	ExpiresAt     storage.Time // unless it is refreshed before
	DeviceTrusted bool         // a trusted device stood in for the second factor
}

// Filter narrows a list of accesses.
type Filter struct {
	PersonID string // "" = everybody's
	Page     api.Page
}

// Book is the issuer's book of what is open. Its functions join the transaction
// of ctx.
type Book interface {
	// List lists the live accesses of an organisation, newest first, one more than
	// the page's limit when there is more.
	List(ctx context.Context, organisationID string, f Filter) ([]Access, error)
	// End ends one with its tokens, and says whose it was; storage.ErrNotFound
	// for one of another organisation, and for one that is over.
	End(ctx context.Context, organisationID, id string) (personID string, err error)
	// EndOf ends all that a person has open in the organisation, and counts them.
	EndOf(ctx context.Context, organisationID, personID string) (int, error)
}

// Deps is what the room stands on. Everything is required.
type Deps struct {
	DB        *storage.DB
	Directory *directory.Directory
	Book      Book
	Journal   *journal.Journal
}

// Desk is the room.
type Desk struct{ Deps }

// New checks the dependencies once.
func New(deps Deps) (*Desk, error) {
	if deps.DB == nil || deps.Directory == nil || deps.Book == nil || deps.Journal == nil {
		return nil, errors.New("access: DB, Directory, Book and Journal are required")
	}
	return &Desk{deps}, nil
}

//go:embed openapi.json
var document []byte

const second = directory.ACRTwoFactors

// Room is the room's part of the API.
func (d *Desk) Room() api.Room {
	write := func(method, path string, handle func(api.Call) error) api.Route {
		return api.Route{
			Method: method, Path: path, Access: api.OrganisationToken, Scope: "members:write", Permission: directory.MembersWrite,
			ACR: second, Weighty: true, Handle: handle,
		}
	}
	return api.Room{
		Name: "access", Document: document,
		Routes: []api.Route{
			{
				Method: "GET", Path: "/v1/organization/accesses", Access: api.OrganisationToken, Scope: "members:read",
				Permission: directory.MembersRead, Handle: d.list,
			},
			write("DELETE", "/v1/organization/accesses/{id}", d.end),
			write("POST", "/v1/organization/members/{id}/stop", d.stop),
			write("DELETE", "/v1/organization/members/{id}/stop", d.resume),
		},
	}
}
