package client

import (
	"net/http"

	"propusk/cabinet/api"
	"propusk/idp/client"
	"propusk/idp/client/logo"
	"propusk/storage"
)

// logoView is the picture of an application as people are shown it: made anew by this
// server, and never loaded from the application's own.
type logoView struct {
	State     string       `json:"state"`      // none, waiting, kept, unavailable
	URL       string       `json:"url"`        // of the picture that is shown; "" = none is
	FetchedAt storage.Time `json:"fetched_at"` // when it was last looked for; null: not yet
}

// picture is the state of an application's picture. Looking asks for one that is old.
func (r *Clients) picture(c api.Call, about client.Client) (*logoView, error) {
	address := about.Shown().Logo
	if address == "" {
		return &logoView{State: "none"}, nil
	}
	state, err := r.deps.Logos.Look(c.Ctx(), about.ID, address)
	if err != nil {
		return nil, err
	}
	view := &logoView{State: "kept", FetchedAt: state.FetchedAt}
	switch {
	case state.FetchedAt == 0:
		view.State = "waiting"
	case state.Digest == "":
		view.State = "unavailable"
	default:
		view.URL = r.deps.Issuer + logo.Path + state.Digest
	}
	return view, nil
}

// fetchLogo has the picture fetched again, since the one at its address is another now. An
// address that was asked within the last minute is not asked again: that is no error, as
// what is known is that new.
func (r *Clients) fetchLogo(c api.Call) error {
	found, err := r.handled(c)
	if err != nil {
		return err
	}
	if err := api.ReadObject(c, &struct{}{}); err != nil {
		return err
	}
	address := found.Shown().Logo
	if address == "" {
		return api.Refuse("client_without_logo")
	}
	if _, err := r.deps.Logos.Again(c.Ctx(), found.ID, address); err != nil {
		return err
	}
	return r.answer(c, http.StatusAccepted, found, "")
}
