package console

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"

	"propusk/cabinet/api"
	"propusk/idp/client"
	"propusk/storage"
)

type clientView struct {
	ID             string         `json:"client_id"`
	Name           string         `json:"name"`
	Kind           client.Kind    `json:"kind"`
	Status         client.Status  `json:"status"`
	Profile        client.Profile `json:"profile"`
	OrganisationID string         `json:"organization_id"`
	FirstParty     bool           `json:"first_party"`
	Scope          string         `json:"scope"`
	GrantTypes     []string       `json:"grant_types"`
	AuthMethod     string         `json:"token_endpoint_auth_method"`
	CreatedAt      storage.Time   `json:"created_at"`
	UpdatedAt      storage.Time   `json:"updated_at"`
	UsedAt         storage.Time   `json:"used_at"`
}

type clientsView struct {
	Clients []clientView `json:"clients"`
	Next    string       `json:"next"`
}

type clientCard struct {
	clientView
	RedirectURIs []string `json:"redirect_uris"`
	Own          bool     `json:"own"` // the house's own: it stays
}

func viewOf(x client.Client, usedAt storage.Time) clientView {
	return clientView{
		x.ID, x.Name, x.Kind, x.Status, x.Profile, x.OrganisationID, x.FirstParty, x.Scope, api.List(x.GrantTypes),
		x.TokenEndpointAuthMethod, x.CreatedAt, x.UpdatedAt, usedAt,
	}
}

// looked bounds how many clients one request looks through for those of a status.
const looked = 2000

// clients answers GET /console/v1/clients.
func (s *Server) clients(c api.Call) error {
	q := c.Query("q", "status", "after", "limit")
	prefix, status := q.Text("q", client.ValidID), client.Status(q.OneOf("status", string(client.StatusActive), string(client.StatusDisabled)))
	limit := int(q.Number("limit", 1, api.MaxPage, api.DefaultPage))
	cursor, err := base64.RawURLEncoding.DecodeString(q.Text("after", api.IsCursor))
	if err != nil {
		q.Fault("after", "format")
	}
	if err := q.Err(); err != nil {
		return err
	}
	view, after := clientsView{Clients: []clientView{}}, string(cursor)
	for range looked / (limit + 1) {
		page, err := s.Clients.Page(c.Ctx(), prefix, after, limit+1)
		if err != nil {
			return err
		}
		for _, one := range page {
			if len(view.Clients) == limit {
				view.Next = base64.RawURLEncoding.EncodeToString([]byte(after))
				return api.Answer(c, http.StatusOK, "", view)
			}
			if after = one.ID; status == "" || one.Status == status {
				view.Clients = append(view.Clients, viewOf(one.Client, one.UsedAt))
			}
		}
		if len(page) <= limit {
			return api.Answer(c, http.StatusOK, "", view)
		}
	}
	view.Next = base64.RawURLEncoding.EncodeToString([]byte(after))
	return api.Answer(c, http.StatusOK, "", view)
}

// namedClient is the client of the path.
func (s *Server) namedClient(c api.Call) (client.Client, error) {
	if !client.ValidID(c.Param("id")) {
		return client.Client{}, api.Refuse("not_found")
	}
	x, err := s.Clients.Find(c.Ctx(), c.Param("id"))
	if errors.Is(err, storage.ErrNotFound) {
		return x, api.Refuse("not_found")
	}
	return x, err
}

// client answers GET /console/v1/clients/{id}.
func (s *Server) client(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	x, err := s.namedClient(c)
	if err != nil {
		return err
	}
	used, err := s.Clients.LastUse(c.Ctx(), x.ID)
	if err != nil {
		return err
	}
	return api.Answer(c, http.StatusOK, "", clientCard{viewOf(x, used), api.List(x.RedirectURIs), s.own(x.ID)})
}

func (s *Server) own(id string) bool { return slices.Contains(s.OwnClients, id) }

// disableClient answers POST /console/v1/clients/{id}/disable; its live tokens end.
func (s *Server) disableClient(c api.Call) error {
	return s.setClient(c, client.StatusDisabled, "console.client_disabled")
}

// enableClient answers POST /console/v1/clients/{id}/enable.
func (s *Server) enableClient(c api.Call) error {
	return s.setClient(c, client.StatusActive, "console.client_enabled")
}

func (s *Server) setClient(c api.Call, status client.Status, action string) error {
	why, err := reason(c)
	if err != nil {
		return err
	}
	x, err := s.namedClient(c)
	switch {
	case err != nil:
		return err
	case s.own(x.ID):
		return api.Refuse("own_client")
	}
	err = s.DB.Tx(c.Ctx(), func(ctx context.Context) (err error) {
		x, err = s.Clients.Change(ctx, x.ID, func(now *client.Client) error {
			if now.Status == status {
				return api.Refuse("status_unchanged")
			}
			now.Status = status
			return nil
		})
		if err != nil {
			return err
		}
		return s.record(ctx, c, action, x.ID, map[string]string{"reason": why})
	})
	if err != nil {
		return err
	}
	used, err := s.Clients.LastUse(c.Ctx(), x.ID)
	if err != nil {
		return err
	}
	return api.Answer(c, http.StatusOK, "", viewOf(x, used))
}
