package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"propusk/idp/client"
	"propusk/idp/directory"
)

// program is an organisation's service client against a whole house.
type program struct {
	t     *testing.T
	h     *house
	token string
}

func (p program) ask(method, path, contentType, body string) (int, map[string]any) {
	p.t.Helper()
	r := httptest.NewRequest(method, p.h.cfg.Issuer+path, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Authorization", p.token)
	w := httptest.NewRecorder()
	p.h.handler.ServeHTTP(w, r)
	var answer map[string]any
	if strings.Contains(w.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			p.t.Fatalf("%s: %q", path, w.Body)
		}
	}
	return w.Code, answer
}

// claims reads the payload of a JWT; its signature is tested elsewhere.
func (p program) claims(token any) (claims map[string]any) {
	p.t.Helper()
	text, _ := token.(string)
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		p.t.Fatalf("not a JWT: %v", token)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(payload, &claims)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return claims
}

// TestAnOrganisationsProgramHearsOfARemovedMember goes through a whole house: the
// client gets a token with its secret, makes a stream, a member is removed, the event
// waits; and the token names a status list that is served.
func TestAnOrganisationsProgramHearsOfARemovedMember(t *testing.T) {
	t.Parallel()
	b, h := newHouse(t)
	if err := h.revoked.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	organisation, member := peopled(t, b)
	created, secret, err := h.clients.Create(t.Context(), client.Client{
		Name: "SIEM", Kind: client.Service, GrantTypes: []string{client.GrantClientCredentials},
		OrganisationID: organisation.ID, Scope: "ssf.manage", StatusList: true,
	})
	if err != nil {
		t.Fatal(err)
	}

	p := program{t: t, h: h, token: "Basic " + base64.StdEncoding.EncodeToString([]byte(created.ID+":"+secret))}
	status, answer := p.ask(http.MethodPost, "/oauth2/token", "application/x-www-form-urlencoded", "grant_type=client_credentials")
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, answer)
	}
	token := p.claims(answer["access_token"])
	p.token = "Bearer " + answer["access_token"].(string)

	if status, metadata := p.ask(http.MethodGet, "/.well-known/ssf-configuration", "", ""); status != http.StatusOK || metadata["issuer"] != b.cfg.Issuer {
		t.Errorf("%d %v", status, metadata)
	}
	status, stream := p.ask(http.MethodPost, "/ssf/streams", "application/json",
		`{"events_requested":["https://schemas.openid.net/secevent/caep/event-type/token-claims-change"]}`)
	if status != http.StatusCreated {
		t.Fatalf("%d %v", status, stream)
	}
	if err := b.directory.RemoveMember(t.Context(), directory.System(), organisation.ID, member.ID, nil); err != nil {
		t.Fatal(err)
	}
	status, polled := p.ask(http.MethodPost, strings.TrimPrefix(stream["delivery"].(map[string]any)["endpoint_url"].(string), b.cfg.Issuer),
		"application/json", `{"returnImmediately":true}`)
	sets, _ := polled["sets"].(map[string]any)
	if status != http.StatusOK || len(sets) != 1 {
		t.Fatalf("%d %v", status, polled)
	}
	for _, set := range sets {
		told, _ := json.Marshal(p.claims(set)["sub_id"])
		if !strings.Contains(string(told), member.PersonID) || !strings.Contains(string(told), organisation.ID) {
			t.Errorf("told of %s", told)
		}
	}

	list, _ := token["status"].(map[string]any)["status_list"].(map[string]any)
	uri, _ := list["uri"].(string)
	if status, _ := p.ask(http.MethodGet, strings.TrimPrefix(uri, b.cfg.Issuer), "", ""); status != http.StatusOK {
		t.Errorf("the list %q: %d", uri, status)
	}
}

// peopled is an organisation with an administrator and one more member.
func peopled(t *testing.T, b *base) (organisation directory.Organisation, member directory.Member) {
	t.Helper()
	err := b.db.Tx(t.Context(), func(ctx context.Context) (err error) {
		var people [2]directory.Person
		for i, email := range []string{anna, boris} {
			people[i], err = b.directory.CreatePerson(ctx, directory.NewPerson{LastName: "Орлова", FirstName: "Анна", Email: email, EmailVerified: true})
			if err != nil {
				return err
			}
		}
		organisation, _, err = b.directory.CreateOrganisation(ctx, directory.NewOrganisation{
			Kind: directory.KindLegal, INN: inn, KPP: "780101001", OGRN: "1027800123450", Name: "ООО «Северный маяк»",
		}, people[0].ID, directory.Administrator)
		if err != nil {
			return err
		}
		member, err = b.directory.AddMember(ctx, directory.System(), directory.NewMember{
			OrganisationID: organisation.ID, PersonID: people[1].ID, Role: directory.Accountant,
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return organisation, member
}
