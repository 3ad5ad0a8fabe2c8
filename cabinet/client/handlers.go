package client

import (
	"context"
	"errors"
	"net/http"

	"propusk/cabinet/api"
	"propusk/idp/client"
	"propusk/storage"
)

// maxClients is how many an organisation may have.
const maxClients = 50

// by is the context in which changes are the caller's.
func by(c api.Call) context.Context {
	return client.By(c.Ctx(), client.Author{PersonID: c.Person(), ClientID: c.Claims.ClientID})
}

// find reads the client of the path: another organisation's is not there.
func (r *Clients) find(c api.Call) (client.Client, error) {
	id := c.Param("id")
	if !client.ValidID(id) {
		return client.Client{}, api.Refuse("not_found")
	}
	found, err := r.deps.Clients.Find(c.Ctx(), id)
	if errors.Is(err, storage.ErrNotFound) || err == nil && found.OrganisationID != c.Organisation() {
		return client.Client{}, api.Refuse("not_found")
	}
	return found, err
}

// handled is find for acts that take a program into one's hands.
func (r *Clients) handled(c api.Call) (client.Client, error) {
	found, err := r.find(c)
	if err != nil {
		return found, err
	}
	if err := mayHandle(c, found); err != nil {
		return found, err
	}
	return found, c.Matches(tag(found))
}

// errStale: the record has changed since it was read for this request.
var errStale = errors.New("client: it has changed meanwhile")

// refusal tells errors in the API's codes.
func refusal(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errStale):
		return api.Refuse("version_changed").Wrap(err)
	case errors.Is(err, storage.ErrNotFound):
		return api.Refuse("not_found").Wrap(err)
	}
	found := client.FaultsOf(err)
	if !errors.Is(err, client.ErrInvalid) || len(found) == 0 {
		return err
	}
	faults := make([]api.FieldFault, len(found))
	for i, fault := range found {
		field := fault.Field
		if field == "client_name#en" {
			field = "client_name_en"
		}
		faults[i] = api.FieldFault{Pointer: api.Pointer(field), Code: "metadata", Args: map[string]string{"detail": fault.Unwrap().Error()}}
	}
	return api.Invalid(faults...)
}

func (r *Clients) list(c api.Call) error {
	q := c.Query("after", "limit")
	after, limit := q.Text("after", client.ValidID), int(q.Number("limit", 1, api.MaxPage, api.DefaultPage))
	if err := q.Err(); err != nil {
		return err
	}
	found, err := r.deps.Clients.Owned(c.Ctx(), c.Organisation(), after, limit+1)
	if err != nil {
		return err
	}
	answer := struct {
		Clients []view `json:"clients"`
		Next    string `json:"next,omitempty"`
	}{Clients: []view{}}
	if len(found) > limit {
		found = found[:limit]
		answer.Next = found[limit-1].ID
	}
	for _, one := range found {
		v, err := r.shown(c, one.Client, one.UsedAt, "")
		if err != nil {
			return err
		}
		answer.Clients = append(answer.Clients, v)
	}
	return api.Answer(c, http.StatusOK, "", answer)
}

func (r *Clients) show(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	found, err := r.find(c)
	if err != nil {
		return err
	}
	return r.answer(c, http.StatusOK, found, "")
}

// answer shows a client with its version. It is never answered 304: when it was last
// used is news, and no part of the version.
func (r *Clients) answer(c api.Call, status int, about client.Client, secret string) error {
	used, err := r.deps.Clients.LastUse(c.Ctx(), about.ID)
	if err != nil {
		return err
	}
	v, err := r.shown(c, about, used, secret)
	if err != nil {
		return err
	}
	if v.Logo, err = r.picture(c, about); err != nil {
		return err
	}
	c.Response().Header().Set("ETag", tag(about))
	return api.Answer(c, status, "", v)
}

func (r *Clients) create(c api.Call) error {
	var body wish
	if err := api.ReadObjectUpTo(c, maxBody, &body); err != nil {
		return err
	}
	made, lifetime, err := body.made(c)
	if err != nil {
		return err
	}
	n, err := r.deps.Clients.CountOwned(c.Ctx(), c.Organisation())
	if err != nil {
		return err
	}
	if n >= maxClients {
		return api.Refuse("clients_exhausted")
	}
	created, secret, err := r.deps.Clients.CreateFor(by(c), made, lifetime)
	if err != nil {
		return refusal(err)
	}
	c.Response().Header().Set("Location", base+"/"+created.ID)
	return r.answer(c, http.StatusCreated, created, secret)
}

func (r *Clients) change(c api.Call) error {
	found, err := r.find(c)
	if err != nil {
		return err
	}
	var body patch
	if err := api.ReadPatch(c, &body, readOnly...); err != nil {
		return err
	}
	// Whoever may do less than the program may still switch it off.
	if found.FirstParty || !body.onlyDisables() {
		if err := mayHandle(c, found); err != nil {
			return err
		}
	}
	if err := c.Matches(tag(found)); err != nil {
		return err
	}
	if err := body.allowed(c, found); err != nil {
		return err
	}
	changed, err := r.deps.Clients.Change(by(c), found.ID, func(now *client.Client) error {
		if now.UpdatedAt != found.UpdatedAt {
			return errStale
		}
		body.over(now)
		return nil
	})
	if err != nil {
		return refusal(err)
	}
	return r.answer(c, http.StatusOK, changed, "")
}

func (r *Clients) remove(c api.Call) error {
	found, err := r.find(c)
	if err != nil {
		return err
	}
	if found.FirstParty {
		return api.Refuse("client_of_the_house")
	}
	if err := c.Matches(tag(found)); err != nil {
		return err
	}
	if err := r.deps.Clients.Delete(by(c), found.ID); err != nil {
		return refusal(err)
	}
	return api.NoContent(c)
}
