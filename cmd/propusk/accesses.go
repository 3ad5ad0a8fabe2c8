package main

import (
	"context"

	"propusk/cabinet/access"
	"propusk/idp/oauth"
	"propusk/idp/session"
)

// openAccesses opens the room in which an organisation sees who is at work in its
// name.
func (h *house) openAccesses(context.Context) error {
	desk, err := access.New(access.Deps{
		DB: h.db, Directory: h.directory, Book: accessBook{h.provider, h.sessions}, Journal: h.journal,
	})
	if err != nil {
		return err
	}
	h.rooms = append(h.rooms, desk.Room())
	return nil
}

// accessBook is what is open, by the issuer's grants and the sessions in which
// they were given.
type accessBook struct {
	provider *oauth.Provider
	sessions *session.Store
}

var _ access.Book = accessBook{}

// List adds to each grant the browser in which it was given, while that session lives.
func (b accessBook) List(ctx context.Context, organisationID string, f access.Filter) ([]access.Access, error) {
	grants, err := b.provider.Accesses(ctx, organisationID, oauth.AccessFilter{
		PersonID: f.PersonID, BeforeAt: f.Page.At, BeforeID: f.Page.ID, Limit: f.Page.Limit + 1,
	})
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(grants))
	for i, g := range grants {
		ids[i] = g.SessionID
	}
	sessions, err := b.sessions.Named(ctx, ids)
	if err != nil {
		return nil, err
	}
	list := make([]access.Access, len(grants))
	for i, g := range grants {
		s := sessions[g.SessionID]
		list[i] = access.Access{
			ID: g.ID, PersonID: g.PersonID, ClientID: g.ClientID, ClientName: g.ClientName, ClientNameEN: g.ClientNameEN,
			UserAgent: s.UserAgent, IP: s.IP, Country: s.Country, DeviceTrusted: s.ProvedAt(session.Device) != 0,
			ACR: g.ACR, Offline: g.Offline, SignedInAt: g.AuthTime, CreatedAt: g.CreatedAt, UsedAt: g.UsedAt, ExpiresAt: g.ExpiresAt,
		}
	}
	return list, nil
}

func (b accessBook) End(ctx context.Context, organisationID, id string) (string, error) {
	return b.provider.EndAccess(ctx, organisationID, id)
}

func (b accessBook) EndOf(ctx context.Context, organisationID, personID string) (int, error) {
	return b.provider.EndAccesses(ctx, organisationID, personID)
}
