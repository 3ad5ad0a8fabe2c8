package client_test

import (
	"context"
	"testing"

	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	room "propusk/cabinet/client"
	"propusk/cabinet/notice"
	"propusk/idp/client"
	"propusk/idp/client/logo"
	"propusk/idp/directory"
	"propusk/storage/outside"
	"propusk/storage/storagetest"
)

// house is a world with the room, and what it has told people.
type house struct {
	*cabinettest.World
	t       *testing.T
	clients *client.Store
	desk    *room.Clients
	room    api.Room
	told    *[]notice.Event
}

func open(t *testing.T) house {
	t.Helper()
	t.Parallel()
	h := house{t: t, told: new([]notice.Event)}
	h.World = cabinettest.New(t, storagetest.SQLite(t), func(b cabinettest.Base) []api.Room {
		logos, err := logo.New(logo.Deps{DB: b.DB, Outside: outside.NewClient(outside.Options{Reach: outside.Loopback}), Now: b.Clock.Now, Log: b.Log})
		cabinettest.Must(t, err)
		b.Jobs.Handle(logo.Job, logos.Fetch)
		h.clients, err = client.New(client.Deps{
			DB: b.DB, Events: b.Memory, Directory: b.Directory, Revocations: b.Revocations, Journal: b.Journal, Now: b.Clock.Now, Log: b.Log,
			Logo: logos.Want,
		})
		cabinettest.Must(t, err)
		h.desk, err = room.New(room.Deps{Clients: h.clients, Logos: logos, Issuer: cabinettest.Issuer, Now: b.Clock.Now, Tell: func(_ context.Context, e notice.Event) error {
			*h.told = append(*h.told, e)
			return nil
		}})
		cabinettest.Must(t, err)
		h.room = h.desk.Room()
		return []api.Room{h.room}
	})
	return h
}

const path = "/v1/organization/clients"

func (h house) admin(o *cabinettest.Office) string { return h.Token(o, directory.Administrator) }

// app is an application as the API shows it.
type app struct {
	ID          string `json:"client_id"`
	Name        string `json:"client_name"`
	Secret      string `json:"client_secret"`
	Scope       string
	Status      string
	Profile     string
	Kind        string
	Method      string   `json:"token_endpoint_auth_method"`
	Networks    []string `json:"allowed_networks"`
	LastUsedAt  *string  `json:"last_used_at"`
	GrantTypes  []string `json:"grant_types"`
	DPoPBound   bool     `json:"dpop_bound_access_tokens"`
	RedirectURI []string `json:"redirect_uris"`
	LogoURI     string   `json:"logo_uri"`
	PolicyURI   string   `json:"policy_uri"`
	TosURI      string   `json:"tos_uri"`
	Logo        *struct {
		State, URL string
		FetchedAt  *string `json:"fetched_at"`
	}
	Secrets []struct {
		ExpiresAt *string `json:"expires_at"`
	}
	Keys []struct {
		Thumbprint, Kty string
		ExpiresAt       *string `json:"expires_at"`
	}
	Actions []api.Action
}

func service(o *cabinettest.Office) map[string]any {
	return map[string]any{"client_name": "Обмен " + o.Tag, "kind": "service", "scope": "organization:read filings:read"}
}

func (h house) made(o *cabinettest.Office, changes map[string]any) (a app) {
	h.t.Helper()
	body := service(o)
	for name, value := range changes {
		if body[name] = value; value == nil {
			delete(body, name)
		}
	}
	h.Expect(h.Do("POST", path, h.admin(o), body), 201, "").Into(h.t, &a)
	return a
}

func (h house) read(o *cabinettest.Office, id string) (a app) {
	h.t.Helper()
	h.Expect(h.Do("GET", path+"/"+id, h.admin(o), nil), 200, "").Into(h.t, &a)
	return a
}

// authentic reports whether a secret is good now.
func (h house) authentic(id, secret string) bool {
	h.t.Helper()
	c, err := h.clients.Find(h.t.Context(), id)
	cabinettest.Must(h.t, err)
	return c.Authentic(secret, storageNow(h))
}
