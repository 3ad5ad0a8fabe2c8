package client_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	room "propusk/cabinet/client"
	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
)

func storageNow(h house) storage.Time { return storage.Of(h.Clock.Now()) }

func keySet(t *testing.T) map[string]any {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	cabinettest.Must(t, err)
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public()}}})
	cabinettest.Must(t, err)
	var set map[string]any
	cabinettest.Must(t, json.Unmarshal(text, &set))
	return set
}

func TestEveryRouteKeepsOrganisationsApart(t *testing.T) {
	h := open(t)
	aim := func(route api.Route, o *cabinettest.Office) (string, any, []string) {
		if !strings.Contains(route.Path, "{id}") {
			if route.Method == "POST" {
				_, err := h.DB.Exec(t.Context(), `DELETE FROM oauth_clients WHERE organisation_id = $1`, o.ID)
				cabinettest.Must(t, err)
				return route.Path, map[string]any{"client_name": "Обмен", "kind": "service"}, nil
			}
			return route.Path, nil, nil
		}
		changes := client.Client{Name: "Обмен " + o.Tag, Kind: client.Service, OrganisationID: o.ID, Scope: "organization:read"}
		if strings.HasSuffix(route.Path, "/keys") {
			changes.TokenEndpointAuthMethod = client.AuthPrivateKeyJWT
			changes.JWKS, _ = json.Marshal(keySet(t))
		}
		if strings.HasSuffix(route.Path, "/logo") {
			changes.LogoURI = "https://a.example/logo.png"
		}
		made, _, err := h.clients.Create(t.Context(), changes)
		cabinettest.Must(t, err)
		target := strings.ReplaceAll(route.Path, "{id}", made.ID)
		switch {
		case (strings.HasSuffix(target, "/secret") || strings.HasSuffix(target, "/logo")) && route.Method == "POST":
			return target, `{}`, nil
		case strings.HasSuffix(target, "/keys"):
			return target, map[string]any{"jwks": keySet(t)}, nil
		case route.Method == "PATCH":
			return target, map[string]any{"client_name": "Обмен " + o.Tag}, nil
		}
		return target, nil, nil
	}
	cabinettest.Isolation(t, h.World, h.room, aim, nil)
}

func TestAnAdministratorMakesAndSeesApplications(t *testing.T) {
	h := open(t)
	o := h.Office("Alpha")
	made := h.made(o, map[string]any{"allowed_networks": []string{"192.0.2.0/24"}, "secret_lifetime_days": 30})
	if len(made.Secret) != 43 || made.Kind != "service" || !slices.Equal(made.GrantTypes, []string{"client_credentials"}) || made.Profile != "oidc" ||
		*made.Secrets[0].ExpiresAt != h.Clock.Now().Add(30*24*time.Hour).UTC().Format(time.RFC3339Nano) || made.LastUsedAt != nil {
		t.Fatalf("%+v", made)
	}
	h.clients.Used(made.ID)
	cabinettest.Must(t, h.clients.Flush(t.Context()))
	seen := h.read(o, made.ID)
	if seen.Secret != "" || seen.LastUsedAt == nil || !slices.Equal(seen.Networks, []string{"192.0.2.0/24"}) {
		t.Errorf("%+v", seen)
	}
	for _, act := range seen.Actions {
		if act.Allowed == (act.Action == "rotate_keys" || act.Action == "fetch_logo") {
			t.Errorf("%+v", act)
		}
	}
	h.made(o, map[string]any{"kind": "web", "redirect_uris": []string{"https://a.example/cb"}, "grant_types": []string{"authorization_code", "refresh_token"}, "scope": "openid organization"})
	h.made(o, map[string]any{"kind": "native", "redirect_uris": []string{"http://127.0.0.1/cb"}, "scope": "openid"})
	spa := h.made(o, map[string]any{"kind": "spa", "redirect_uris": []string{"https://a.example/cb"}, "scope": "openid"})
	if spa.Secret != "" || spa.Method != "none" {
		t.Errorf("%+v", spa)
	}
	fapi := h.made(o, map[string]any{"profile": "fapi2-security", "token_endpoint_auth_method": "private_key_jwt", "jwks": keySet(t)})
	if !fapi.DPoPBound || len(fapi.Keys) != 1 {
		t.Errorf("one word switches everything on: %+v", fapi)
	}
	var first, second struct {
		Clients []app
		Next    string
	}
	h.Expect(h.Do("GET", path+"?limit=3", h.admin(o), nil), 200, "").Into(t, &first)
	h.Expect(h.Do("GET", path+"?limit=3&after="+first.Next, h.admin(o), nil), 200, "").Into(t, &second)
	if len(first.Clients) != 3 || len(second.Clients) != 2 || second.Next != "" {
		t.Errorf("%d and %d, next %q", len(first.Clients), len(second.Clients), second.Next)
	}
	entries, err := h.Journal.List(t.Context(), journal.Filter{Organisation: o.ID, Limit: 50})
	cabinettest.Must(t, err)
	if !slices.ContainsFunc(entries, func(e journal.Entry) bool {
		return e.Action == "client.created" && e.Object == made.ID && e.Actor == o.Members[directory.Administrator].Person.ID && e.Client == cabinettest.Client
	}) {
		t.Errorf("who made it is not in the journal: %+v", entries)
	}
}

// RFC 7591 §2: what people are shown where they are asked for consent.
func TestAnApplicationSaysWhoItIs(t *testing.T) {
	h := open(t)
	o := h.Office("Alpha")
	made := h.made(o, map[string]any{
		"client_uri": "https://a.example/", "logo_uri": "https://a.example/logo.png", "policy_uri": "https://a.example/privacy", "tos_uri": "https://a.example/terms",
	})
	if seen := h.read(o, made.ID); seen.LogoURI != "https://a.example/logo.png" || seen.PolicyURI != "https://a.example/privacy" || seen.TosURI != "https://a.example/terms" {
		t.Errorf("%+v", seen)
	}
	h.Expect(h.Do("PATCH", path+"/"+made.ID, h.admin(o), map[string]any{"logo_uri": nil, "tos_uri": "https://a.example/new"}), 200, "")
	if seen := h.read(o, made.ID); seen.LogoURI != "" || seen.PolicyURI != "https://a.example/privacy" || seen.TosURI != "https://a.example/new" {
		t.Errorf("changed: %+v", seen)
	}
}

func TestWhatIsWrongIsToldFieldByField(t *testing.T) {
	h := open(t)
	o := h.Office("Alpha")
	for name, tt := range map[string]struct {
		changes map[string]any
		pointer string
	}{
		"no name":                  {map[string]any{"client_name": ""}, "/client_name"},
		"no kind":                  {map[string]any{"kind": nil, "scope": ""}, "/kind"},
		"an unknown kind":          {map[string]any{"kind": "desktop"}, "/kind"},
		"a wildcard":               {map[string]any{"kind": "web", "redirect_uris": []string{"https://*.example/"}}, "/redirect_uris"},
		"javascript":               {map[string]any{"kind": "web", "redirect_uris": []string{"javascript:alert(1)"}}, "/redirect_uris"},
		"no network":               {map[string]any{"allowed_networks": []string{"everywhere"}}, "/allowed_networks"},
		"bits behind the mask":     {map[string]any{"allowed_networks": []string{"192.0.2.1/24"}}, "/allowed_networks"},
		"a mapped network":         {map[string]any{"allowed_networks": []string{"::ffff:192.0.2.0/120"}}, "/allowed_networks"},
		"a private key":            {map[string]any{"token_endpoint_auth_method": "private_key_jwt", "jwks": map[string]any{"keys": []any{map[string]any{"kty": "oct", "k": "AAAA"}}}}, "/jwks"},
		"a script for a picture":   {map[string]any{"logo_uri": "javascript:alert(1)"}, "/logo_uri"},
		"a home without a scheme":  {map[string]any{"client_uri": "a.example"}, "/client_uri"},
		"terms without a host":     {map[string]any{"tos_uri": "https://"}, "/tos_uri"},
		"a page of a user":         {map[string]any{"policy_uri": "https://bank@evil.example/"}, "/policy_uri"},
		"inside":                   {map[string]any{"backchannel_logout_uri": "http://inside.example/"}, "/backchannel_logout_uri"},
		"a hundred years":          {map[string]any{"secret_lifetime_days": 36500}, "/secret_lifetime_days"},
		"letters of the wrong way": {map[string]any{"client_name": "Ас\u202eчет"}, "/client_name"},
		"an unknown scope":         {map[string]any{"scope": "everything"}, "/scope"},
		"an operator's scope":      {map[string]any{"scope": "moderation"}, "/scope"},
		"recoveries":               {map[string]any{"scope": "recoveries"}, "/scope"},
		"a profile of ours not":    {map[string]any{"profile": "fapi3"}, "/profile"},
	} {
		body := service(o)
		for field, value := range tt.changes {
			if body[field] = value; value == nil {
				delete(body, field)
			}
		}
		reply := h.Expect(h.Do("POST", path, h.admin(o), body), 422, "validation_failed")
		if p := reply.Problem(t); p.Errors[0].Pointer != tt.pointer || p.Errors[0].Detail == "" {
			t.Errorf("%s: %+v", name, p.Errors)
		}
	}
	for range 50 {
		_, _, err := h.clients.Create(t.Context(), client.Client{Name: "x", Kind: client.Service, OrganisationID: o.ID})
		cabinettest.Must(t, err)
	}
	h.Expect(h.Do("POST", path, h.admin(o), service(o)), 409, "clients_exhausted")
}

// An application that was allowed to manage applications makes none that may do what
// its person may do and it may not, nor takes hold of one: its secret would be a way
// around the consent. Authorization details are no way around either.
func TestAProgramNeverGetsMoreThanTheApplicationThatMakesIt(t *testing.T) {
	h := open(t)
	o := h.Office("Alpha")
	strong := h.made(o, nil)
	claims := h.Claims(o, o.Members[directory.Administrator])
	for name, change := range map[string]map[string]any{
		"scope": {"scope": "clients:read clients:write organization:read"},
		"details": {"authorization_details": []map[string]any{
			{"type": "urn:propusk:filing", "actions": []string{"read"}, "kinds": []string{"NO_NDS"}}}},
	} {
		narrow := cabinettest.Sign(t, cabinettest.But(claims, change))
		if p := h.Expect(h.Do("POST", path, narrow, service(o)), 422, "validation_failed").Problem(t); p.Errors[0].Code != "beyond" {
			t.Errorf("%s: %+v", name, p)
		}
		h.Expect(h.Do("POST", path+"/"+strong.ID+"/secret", narrow, `{}`), 403, "client_beyond_you")
		h.Expect(h.Do("POST", path, narrow, map[string]any{"client_name": name, "kind": "service", "scope": "organization:read"}), 201, "")
	}
}

// Nobody lets a program have what he does not have, nor takes hold of one that has it.
func TestAProgramNeverGetsMoreThanItsMaker(t *testing.T) {
	h := open(t)
	o := h.Office("Alpha")
	strong := h.made(o, map[string]any{"scope": "organization:read finance:write"})
	robot := h.Service(o, directory.ClientsRead, directory.ClientsWrite, directory.OrganizationRead)
	reply := h.Expect(h.Do("POST", path, robot, map[string]any{"client_name": "x", "kind": "service", "scope": "organization:read finance:write"}), 422, "validation_failed")
	if p := reply.Problem(t); p.Errors[0].Code != "beyond" || !strings.Contains(p.Errors[0].Detail, "finance:write") {
		t.Errorf("%+v", p)
	}
	one := path + "/" + strong.ID
	for name, send := range map[string]func() cabinettest.Reply{
		"its secret":        func() cabinettest.Reply { return h.Do("POST", one+"/secret", robot, `{}`) },
		"the secret before": func() cabinettest.Reply { return h.Do("DELETE", one+"/secret/previous", robot, nil) },
		"its keys":          func() cabinettest.Reply { return h.Do("POST", one+"/keys", robot, map[string]any{"jwks": keySet(t)}) },
		"its addresses": func() cabinettest.Reply {
			return h.Do("PATCH", one, robot, map[string]any{"redirect_uris": []string{"https://evil.example/"}})
		},
		"its networks": func() cabinettest.Reply {
			return h.Do("PATCH", one, robot, map[string]any{"allowed_networks": []string{}})
		},
		"off and its address": func() cabinettest.Reply {
			return h.Do("PATCH", one, robot, map[string]any{"status": "disabled", "jwks_uri": "https://evil.example/"})
		},
	} {
		if reply := send(); reply.StatusCode != 403 || reply.Problem(t).Code != "client_beyond_you" {
			t.Errorf("%s: %d %s", name, reply.StatusCode, reply.Text)
		}
	}
	h.Expect(h.Do("PATCH", one, robot, map[string]any{"status": "disabled"}), 200, "") // off is always safe
	h.Expect(h.Do("PATCH", one, robot, map[string]any{"status": "active"}), 403, "client_beyond_you")
	weak := h.made(o, map[string]any{"scope": "organization:read"})
	h.Expect(h.Do("PATCH", path+"/"+weak.ID, robot, map[string]any{"scope": "organization:read finance:write"}), 422, "validation_failed")
	h.Expect(h.Do("PATCH", path+"/"+weak.ID, h.admin(o), map[string]any{"scope": "notices"}), 422, "validation_failed")
	var seen app
	h.Expect(h.Do("GET", one, robot, nil), 200, "").Into(t, &seen)
	if seen.Actions[0].Allowed || seen.Actions[0].Reason != "client_beyond_you" || !seen.Actions[1].Allowed {
		t.Errorf("%+v", seen.Actions)
	}
	house, _, err := h.clients.Create(t.Context(), client.Client{Name: "Дом", Kind: client.Service, OrganisationID: o.ID, FirstParty: true})
	cabinettest.Must(t, err)
	h.Expect(h.Do("PATCH", path+"/"+house.ID, h.admin(o), map[string]any{"status": "disabled"}), 403, "client_of_the_house")
	h.Expect(h.Do("DELETE", path+"/"+house.ID, h.admin(o), nil), 403, "client_of_the_house")
	h.Expect(h.Do("GET", path+"/a%20b", h.admin(o), nil), 404, "not_found")
}

func TestSecretsOverlapAndEnd(t *testing.T) {
	h := open(t)
	o := h.Office("Alpha")
	first := h.made(o, nil)
	one := path + "/" + first.ID
	var second, third app
	h.Expect(h.Do("POST", one+"/secret", h.admin(o), map[string]any{"overlap_days": 7}), 201, "").Into(t, &second)
	if !h.authentic(first.ID, first.Secret) || !h.authentic(first.ID, second.Secret) || len(second.Secrets) != 2 {
		t.Fatalf("both are good in the overlap: %+v", second)
	}
	h.Clock.Advance(7 * 24 * time.Hour)
	if h.authentic(first.ID, first.Secret) || !h.authentic(first.ID, second.Secret) || len(h.read(o, first.ID).Secrets) != 1 {
		t.Error("the one before must end with the overlap")
	}
	h.Expect(h.Do("POST", one+"/secret", h.admin(o), map[string]any{"overlap_days": 0}), 201, "").Into(t, &third)
	if h.authentic(first.ID, second.Secret) || !h.authentic(first.ID, third.Secret) {
		t.Error("a secret that has leaked ends at once")
	}
	h.Expect(h.Do("POST", one+"/secret", h.admin(o), `{}`), 201, "").Into(t, &second)
	h.Expect(h.Do("DELETE", one+"/secret/previous", h.admin(o), nil), 200, "")
	if h.authentic(first.ID, third.Secret) || !h.authentic(first.ID, second.Secret) {
		t.Error("the one before was ended")
	}
	h.Clock.Advance(365 * 24 * time.Hour)
	if h.authentic(first.ID, second.Secret) {
		t.Error("no secret lives for ever")
	}
	spa := h.made(o, map[string]any{"kind": "spa", "redirect_uris": []string{"https://a.example/cb"}, "scope": "openid"})
	h.Expect(h.Do("POST", path+"/"+spa.ID+"/secret", h.admin(o), `{}`), 409, "client_without_secret")
	h.Expect(h.Do("DELETE", path+"/"+spa.ID+"/secret/previous", h.admin(o), nil), 409, "client_without_secret")
	h.Expect(h.Do("POST", one+"/keys", h.admin(o), map[string]any{"jwks": keySet(t)}), 409, "client_without_keys")
	h.Expect(h.Do("POST", one+"/secret", h.admin(o), map[string]any{"overlap_days": 31}), 422, "validation_failed")
}

func TestKeysOverlapAndEnd(t *testing.T) {
	h := open(t)
	o := h.Office("Alpha")
	made := h.made(o, map[string]any{"token_endpoint_auth_method": "private_key_jwt", "jwks": keySet(t)})
	one := path + "/" + made.ID + "/keys"
	var rotated app
	h.Expect(h.Do("POST", one, h.admin(o), map[string]any{"jwks": keySet(t), "overlap_days": 3}), 201, "").Into(t, &rotated)
	if len(rotated.Keys) != 2 || rotated.Keys[0].ExpiresAt != nil || rotated.Keys[1].ExpiresAt == nil || rotated.Keys[1].Thumbprint != made.Keys[0].Thumbprint {
		t.Fatalf("%+v", rotated.Keys)
	}
	h.Clock.Advance(3 * 24 * time.Hour)
	left := h.read(o, made.ID).Keys
	record, err := h.clients.Find(t.Context(), made.ID)
	cabinettest.Must(t, err)
	if len(left) != 1 || left[0].Thumbprint != rotated.Keys[0].Thumbprint || len(record.LiveKeys(storageNow(h)).Keys) != 1 {
		t.Errorf("%+v", left)
	}
	h.Expect(h.Do("POST", one, h.admin(o), map[string]any{"jwks": keySet(t), "overlap_days": 0}), 201, "")
	if left = h.read(o, made.ID).Keys; len(left) != 1 || left[0].Thumbprint == rotated.Keys[0].Thumbprint {
		t.Errorf("a key that has leaked ends at once: %+v", left)
	}
	h.Expect(h.Do("POST", one, h.admin(o), map[string]any{"jwks": map[string]any{"keys": []any{}}}), 422, "validation_failed")
}

func TestTheOwnerIsWarnedInTime(t *testing.T) {
	h := open(t)
	o := h.Office("Alpha")
	made := h.made(o, map[string]any{"secret_lifetime_days": 40})
	warned := func() int {
		t.Helper()
		cabinettest.Must(t, h.desk.Warn(t.Context()))
		cabinettest.Must(t, h.desk.Warn(t.Context())) // once is enough
		return len(*h.told)
	}
	for i, step := range []struct {
		days int
		told int
	}{{9, 0}, {1, 1}, {23, 2}, {6, 3}, {1, 4}, {30, 4}} {
		h.Clock.Advance(time.Duration(step.days) * 24 * time.Hour)
		if got := warned(); got != step.told {
			t.Errorf("step %d: %d warnings, want %d", i, got, step.told)
		}
	}
	ids := map[string]bool{}
	for _, e := range *h.told {
		if ids[e.ID] = true; e.OrganisationID != o.ID || e.Permission != directory.ClientsRead || e.Type != "client.expiring" || !strings.Contains(e.Texts.RU.Body, made.Name) {
			t.Errorf("%+v", e)
		}
	}
	if len(ids) != 4 || !strings.Contains((*h.told)[3].Texts.RU.Subject, "закончился") {
		t.Errorf("%v", ids)
	}
	certain := h.made(o, map[string]any{"secret_lifetime_days": 20})
	h.Expect(h.Do("POST", path+"/"+certain.ID+"/secret", h.admin(o), `{}`), 201, "")
	h.Clock.Advance(15 * 24 * time.Hour)
	if got := warned(); got != 4 {
		t.Error("warned of a secret that has been changed in time")
	}
}

func TestChangesAreLostToNobody(t *testing.T) {
	h := open(t)
	o := h.Office("Alpha")
	made := h.made(o, nil)
	one := path + "/" + made.ID
	seen := h.Do("GET", one, h.admin(o), nil)
	tag := seen.Header.Get("ETag")
	h.Expect(h.Do("PATCH", one, h.admin(o), map[string]any{"client_name": "Новое имя", "scope": "organization:read"}, "If-Match", tag), 200, "")
	h.Expect(h.Do("PATCH", one, h.admin(o), map[string]any{"client_name": "Чужое"}, "If-Match", tag), 412, "version_changed")
	h.Expect(h.Do("DELETE", one, h.admin(o), nil, "If-Match", tag), 412, "version_changed")
	if now := h.read(o, made.ID); now.Name != "Новое имя" || now.Scope != "organization:read" || !h.authentic(made.ID, made.Secret) {
		t.Errorf("%+v", now)
	}
	key := []string{"Idempotency-Key", "0190a5b2-3c44-7d10-8f00-5a1e2b3c4d5e"}
	var a, b app
	h.Expect(h.Do("POST", path, h.admin(o), service(o), key...), 201, "").Into(t, &a)
	h.Expect(h.Do("POST", path, h.admin(o), service(o), key...), 201, "").Into(t, &b)
	if a.ID != b.ID || a.Secret != b.Secret {
		t.Error("a repeated request made a second application")
	}
	h.Expect(h.Do("PATCH", one, h.admin(o), map[string]any{"status": "disabled", "contacts": []string{"it@a.example"}}), 200, "")
	h.Expect(h.Do("DELETE", one, h.admin(o), nil), 204, "")
	h.Expect(h.Do("GET", one, h.admin(o), nil), 404, "not_found")
	if _, err := room.New(room.Deps{}); err == nil {
		t.Error("made without dependencies")
	}
}
