package access

import (
	"context"
	"errors"
	"net/http"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
)

// accessView is one access, as the organisation is told of it.
type accessView struct {
	ID          string          `json:"id"`
	Person      personView      `json:"person"`
	Application applicationView `json:"application"`
	Device      string          `json:"device,omitempty"` // "Firefox, Windows"
	IP          string          `json:"ip,omitempty"`
	Country     string          `json:"country,omitempty"`
	ACR         string          `json:"acr"`
	Offline     bool            `json:"offline"`
	Trusted     bool            `json:"trusted_device"`
	Current     bool            `json:"current"` // of the token that asks
	SignedInAt  storage.Time    `json:"signed_in_at"`
	UsedAt      storage.Time    `json:"used_at"`
	ExpiresAt   storage.Time    `json:"expires_at"`
}

type personView struct {
	Name     string         `json:"name"`
	MemberID string         `json:"member_id,omitempty"` // absent for who acts by a power of attorney
	Role     directory.Role `json:"role,omitempty"`
}

type applicationView struct {
	ClientID string `json:"client_id"`
	Name     string `json:"name"`
}

// list answers GET /v1/organization/accesses.
func (d *Desk) list(c api.Call) error {
	q := c.Query("member", "after", "limit")
	filter := Filter{Page: q.Page()}
	memberID := q.Text("member", api.IsID)
	if err := q.Err(); err != nil {
		return err
	}
	if memberID != "" {
		m, err := d.Directory.MemberByID(c.Ctx(), c.Organisation(), memberID)
		if err != nil {
			return api.DirectoryRefusal(err)
		}
		filter.PersonID = m.Person.ID
	}
	found, err := d.Book.List(c.Ctx(), c.Organisation(), filter)
	if err != nil {
		return err
	}
	found, next := api.Cut(filter.Page, found, func(a Access) (storage.Time, string) { return a.CreatedAt, a.ID })
	people := d.colleagues(c)
	view := struct {
		Accesses []accessView `json:"accesses"`
		Next     string       `json:"next,omitempty"`
	}{make([]accessView, len(found)), next}
	for i, a := range found {
		if view.Accesses[i], err = newAccessView(c, a, people); err != nil {
			return err
		}
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", view)
}

func newAccessView(c api.Call, a Access, people func(personID string) (personView, error)) (accessView, error) {
	person, err := people(a.PersonID)
	if err != nil {
		return accessView{}, err
	}
	view := accessView{
		ID: a.ID, Person: person, Application: applicationView{ClientID: a.ClientID, Name: a.ClientName},
		IP: a.IP, Country: a.Country, ACR: a.ACR, Offline: a.Offline, Trusted: a.DeviceTrusted,
		Current: a.ID == c.Claims.GrantID, SignedInAt: a.SignedInAt, UsedAt: a.UsedAt, ExpiresAt: a.ExpiresAt,
	}
	if c.Lang() == "en" && a.ClientNameEN != "" {
		view.Application.Name = a.ClientNameEN
	}
	if a.UserAgent != "" {
		view.Device = directory.DeviceName(a.UserAgent, c.Lang())
	}
	return view, nil
}

// colleagues names people, each asked for once: a page has many accesses of few.
func (d *Desk) colleagues(c api.Call) func(personID string) (personView, error) {
	known := map[string]personView{}
	return func(personID string) (personView, error) {
		if view, ok := known[personID]; ok {
			return view, nil
		}
		p, err := d.Directory.Person(c.Ctx(), personID)
		if err != nil {
			return personView{}, err
		}
		view := personView{Name: p.FullName()}
		m, err := d.Directory.Membership(c.Ctx(), personID, c.Organisation())
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return personView{}, err
		}
		if err == nil {
			view.MemberID, view.Role = m.Member.ID, m.Role
		}
		known[personID] = view
		return view, nil
	}
}

// end answers DELETE /v1/organization/accesses/{id}: its tokens are refused on
// every node within seconds, and its application has to send the person to sign in
// anew. An administrator's access is ended by administrators and by himself.
func (d *Desk) end(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	err = d.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		personID, err := d.Book.End(ctx, c.Organisation(), id)
		if err != nil {
			return err
		}
		if err := d.mayEnd(ctx, c, personID); err != nil {
			return err
		}
		return d.Journal.Append(ctx, journal.Entry{
			Organisation: c.Organisation(), Actor: c.Person(), Client: c.Claims.ClientID,
			Action: "access.ended", Object: id, Outcome: "success", Details: map[string]string{"person": personID},
		})
	})
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	return api.NoContent(c)
}

// mayEnd keeps who manages members from shutting administrators out, whom he could
// not change either.
func (d *Desk) mayEnd(ctx context.Context, c api.Call, personID string) error {
	if personID == c.Person() {
		return nil
	}
	theirs, err := d.Directory.Membership(ctx, personID, c.Organisation())
	if errors.Is(err, storage.ErrNotFound) || err == nil && theirs.Role != directory.Administrator {
		return nil
	}
	if err != nil {
		return err
	}
	mine, err := d.Directory.Membership(ctx, c.Person(), c.Organisation())
	if errors.Is(err, storage.ErrNotFound) || err == nil && mine.Role != directory.Administrator {
		return api.Refuse("act_forbidden")
	}
	return err
}
