package passkey

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/storage"
	"propusk/storage/storagetest"
)

// TestEnrolment runs each rule below on both engines, with people of its own.
func TestEnrolment(t *testing.T) {
	eachHouse(t, map[string]func(*testing.T, *house){
		"EnrolAsksForADiscoverablePasskeyWithVerification": enrolAsksForADiscoverablePasskeyWithVerification,
		"SeveralPasskeysWithNames":                         severalPasskeysWithNames,
		"EnrolmentRefusals":                                enrolmentRefusals,
		"CredentialOfAnotherAccountIsNotTakenOver":         credentialOfAnotherAccountIsNotTakenOver,
	})
}

// noStore has no passkeys at all.
type noStore struct{ Store }

func (noStore) Passkeys(context.Context, string) ([]directory.Passkey, error) { return nil, nil }

func (noStore) PasskeyByCredential(context.Context, string) (directory.Passkey, error) {
	return directory.Passkey{}, storage.ErrNotFound
}

func enrolAsksForADiscoverablePasskeyWithVerification(t *testing.T, h *house) {
	h.enrolled(h.maria, "Первый")
	options, err := h.BeginEnrol(h.ctx, "k", h.maria)
	h.must(err)
	public := fields(t, options)["publicKey"].(map[string]any)
	selection := public["authenticatorSelection"].(map[string]any)
	if selection["residentKey"] != "required" || selection["requireResidentKey"] != true || selection["userVerification"] != "required" {
		t.Errorf("%v", selection)
	}
	rp, user := public["rp"].(map[string]any), public["user"].(map[string]any)
	if rp["id"] != "id.example" || rp["name"] != "Пропуск" || user["name"] != h.maria.Email || user["displayName"] != "Иванова Мария" {
		t.Errorf("%v, %v", rp, user)
	}
	if excluded := public["excludeCredentials"].([]any); len(excluded) != 1 {
		t.Errorf("%v", excluded)
	}
	var algorithms []string
	for _, p := range public["pubKeyCredParams"].([]any) {
		algorithms = append(algorithms, fmt.Sprint(p.(map[string]any)["alg"]))
	}
	if got := strings.Join(algorithms, " "); got != "-7 -8 -257" {
		t.Errorf("algorithms %s", got)
	}
}

func severalPasskeysWithNames(t *testing.T, h *house) {
	_, first := h.enrolled(h.maria, "  Рабочий   ноутбук ")
	_, second := h.enrolled(h.maria, "")
	if first.Name != "Рабочий ноутбук" || second.Name != "Passkey" || first.Attestation != "none" {
		t.Errorf("%+v, %+v", first, second)
	}
	h.must(h.Rename(h.ctx, h.maria.ID, second.ID, "Телефон"))
	list, err := h.List(h.ctx, h.maria.ID)
	if err != nil || len(list) != 2 || list[0].ID != first.ID || list[1].Name != "Телефон" || list[1].UsedAt != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	for _, name := range []string{"", "  ", strings.Repeat("я", 61), "a\u202eb"} {
		var faults directory.FieldErrors
		if err := h.Rename(h.ctx, h.maria.ID, second.ID, name); !errors.As(err, &faults) || faults[0].Field != "name" {
			t.Errorf("%q: %v", name, err)
		}
	}
	// Another person neither renames nor removes it.
	if err := h.Rename(h.ctx, h.pavel.ID, second.ID, "Мой"); !errors.Is(err, storage.ErrNotFound) {
		t.Error(err)
	}
	if err := h.Remove(h.ctx, h.pavel.ID, second.ID); !errors.Is(err, storage.ErrNotFound) {
		t.Error(err)
	}
	h.must(h.Remove(h.ctx, h.maria.ID, second.ID))
	if got := h.subjects(h.maria); fmt.Sprint(got) != "[Ключ доступа удалён Добавлен ключ доступа Добавлен ключ доступа]" {
		t.Errorf("%q", got)
	}
	if got := h.entries(h.maria); got != "passkey.added passkey.added passkey.renamed passkey.removed" {
		t.Error(got)
	}
}

func enrolmentRefusals(t *testing.T, h *house) {
	refused := func(what string, p directory.Person, key string, answer []byte, want error) {
		t.Helper()
		if _, err := h.FinishEnrol(h.ctx, key, p, "", answer); !errors.Is(err, want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	begin := func(key string) []byte {
		options, err := h.BeginEnrol(h.ctx, key, h.maria)
		h.must(err)
		return options
	}
	a := h.authenticator(h.maria)
	a.site.Origin = "https://evil.example"
	refused("another origin", h.maria, "k", a.create(t, begin("k")), factor.ErrWrong)
	a.site.Origin, a.site.ID = issuer, "evil.example"
	refused("another relying party", h.maria, "k", a.create(t, begin("k")), factor.ErrWrong)
	a.site.ID, a.Options.UserNotVerified = "id.example", true
	refused("no user verification", h.maria, "k", a.create(t, begin("k")), factor.ErrWrong)
	a.Options.UserNotVerified = false
	options := begin("k")
	refused("another person's challenge", h.pavel, "k", a.create(t, options), factor.ErrWrong)
	refused("which is used up", h.maria, "k", a.create(t, options), ErrStale)
	options = begin("k")
	refused("another browser", h.maria, "other", a.create(t, options), ErrStale)
	h.clock.Advance(time.Hour)
	refused("an hour later", h.maria, "k", a.create(t, options), ErrStale)
	refused("an answer to a sign-in", h.maria, "k", a.get(t, begin("k")), factor.ErrWrong)
	refused("a huge answer", h.maria, "k", append(a.create(t, begin("k")), make([]byte, maxAnswer)...), factor.ErrWrong)
	refused("a changed key", h.maria, "k", with(t, a.create(t, begin("k")), "attestationObject", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }), factor.ErrWrong)
	// A wrong name is told before the challenge is used up.
	options = begin("k")
	var faults directory.FieldErrors
	if _, err := h.FinishEnrol(h.ctx, "k", h.maria, strings.Repeat("я", 61), a.create(t, options)); !errors.As(err, &faults) {
		t.Error(err)
	}
	_, err := h.FinishEnrol(h.ctx, "k", h.maria, "x", a.create(t, options))
	h.must(err)
}

// WebAuthn §7.1 step 26: a credential id belongs to one account.
func credentialOfAnotherAccountIsNotTakenOver(t *testing.T, h *house) {
	a, _ := h.enrolled(h.maria, "")
	options, err := h.BeginEnrol(h.ctx, "k", h.pavel)
	h.must(err)
	thief := h.authenticator(h.pavel)
	thief.credential.ID = a.credential.ID
	if _, err := h.FinishEnrol(h.ctx, "k", h.pavel, "", thief.create(t, options)); !errors.Is(err, ErrKnown) {
		t.Error(err)
	}
	if got := h.signsIn(a); got.PersonID != h.maria.ID {
		t.Errorf("%+v", got)
	}
}

func TestPasskeysHaveALimit(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storagetest.SQLite(t), Policy{})
	last, err := h.BeginEnrol(h.ctx, "last", h.maria)
	h.must(err)
	for range most {
		h.enrolled(h.maria, "")
	}
	if _, err := h.BeginEnrol(h.ctx, "k", h.maria); !errors.Is(err, ErrFull) {
		t.Error(err)
	}
	if _, err := h.FinishEnrol(h.ctx, "last", h.maria, "", h.authenticator(h.maria).create(t, last)); !errors.Is(err, ErrFull) {
		t.Errorf("begun before: %v", err)
	}
}

func TestPolicyOfAuthenticators(t *testing.T) {
	t.Parallel()
	a := (&house{}).authenticator(directory.Person{})
	model := fmt.Sprintf("%x-%x-%x-%x-%x", a.Aaguid[:4], a.Aaguid[4:6], a.Aaguid[6:8], a.Aaguid[8:10], a.Aaguid[10:])
	const other = "08987058-cadc-4b81-b6e1-30de50dcbe96"
	for name, test := range map[string]struct {
		policy  Policy
		synced  bool
		taken   bool
		attests string
	}{
		"all":                    {taken: true, attests: "none"},
		"attestation asked for":  {policy: Policy{Attestation: "direct"}, taken: true, attests: "packed"},
		"permitted":              {policy: Policy{Permitted: []string{other, model}}, taken: true, attests: "none"},
		"not permitted":          {policy: Policy{Permitted: []string{other}}},
		"prohibited":             {policy: Policy{Prohibited: []string{model}}},
		"not prohibited":         {policy: Policy{Prohibited: []string{other}}, taken: true, attests: "none"},
		"synchronised":           {synced: true, taken: true, attests: "none"},
		"synchronised, not here": {policy: Policy{DeviceBound: true}, synced: true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, storagetest.SQLite(t), test.policy)
			own := *a
			own.Options.UserHandle, own.Options.BackupEligible = []byte(h.maria.ID), test.synced
			options, err := h.BeginEnrol(h.ctx, "k", h.maria)
			h.must(err)
			want := "none"
			if test.policy.Attestation != "" {
				want = test.policy.Attestation
			}
			if got := fields(t, options)["publicKey"].(map[string]any)["attestation"]; got != want {
				t.Errorf("attestation %v, want %s", got, want)
			}
			kept, err := h.FinishEnrol(h.ctx, "k", h.maria, "", own.create(t, options))
			if (err == nil) != test.taken || err != nil && !errors.Is(err, factor.ErrWrong) {
				t.Fatal(err)
			}
			if kept.Attestation != test.attests || err == nil && strings.Contains(string(kept.Record), `"object":"o2`) != (test.attests != "none") {
				t.Errorf("%s, %s", kept.Attestation, kept.Record)
			}
		})
	}
}

func TestNewChecksItsDeps(t *testing.T) {
	t.Parallel()
	memory := storagetest.Memory(t, time.Now)
	good := Deps{Store: noStore{}, Ephemeral: memory, Issuer: issuer, Name: "x"}
	for name, spoil := range map[string]func(*Deps){
		"store":       func(d *Deps) { d.Store = nil },
		"name":        func(d *Deps) { d.Name = "" },
		"issuer":      func(d *Deps) { d.Issuer = "id.example" },
		"attestation": func(d *Deps) { d.Policy.Attestation = "all" },
		"permitted":   func(d *Deps) { d.Policy.Permitted = []string{"x"} },
		"prohibited":  func(d *Deps) { d.Policy.Prohibited = []string{"x"} },
		"both lists": func(d *Deps) {
			id := []string{"08987058-cadc-4b81-b6e1-30de50dcbe96"}
			d.Policy = Policy{Permitted: id, Prohibited: id}
		},
	} {
		deps := good
		spoil(&deps)
		if _, err := New(deps); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if p, err := New(good); err != nil || !p.Available() {
		t.Error(err)
	}
}

// Browsers offer no WebAuthn at an address, or without TLS.
func TestPasskeysWhereBrowsersOfferNone(t *testing.T) {
	t.Parallel()
	for at, available := range map[string]bool{
		"https://id.example": true, "http://localhost:8080": true, "https://localhost": true,
		"http://id.example": false, "https://192.0.2.1": false, "http://127.0.0.1:8080": false, "https://[2001:db8::1]:8443": false,
	} {
		p, err := New(Deps{Store: noStore{}, Ephemeral: storagetest.Memory(t, time.Now), Issuer: at, Name: "x"})
		if err != nil || p.Available() != available {
			t.Errorf("%s: %v, %v", at, available, err)
			continue
		}
		if available {
			continue
		}
		ctx := context.Background()
		_, begin := p.BeginSignIn(ctx, "k", "")
		_, finish := p.FinishSignIn(ctx, "k", nil)
		_, beginEnrol := p.BeginEnrol(ctx, "k", directory.Person{})
		_, finishEnrol := p.FinishEnrol(ctx, "k", directory.Person{}, "", nil)
		for _, err := range []error{begin, finish, beginEnrol, finishEnrol} {
			if !errors.Is(err, factor.ErrUnavailable) {
				t.Errorf("%s: %v", at, err)
			}
		}
		if usable, err := p.Usable(ctx, "p"); usable || err != nil {
			t.Errorf("%s: usable %v, %v", at, usable, err)
		}
	}
	if Model("08987058-cadc-4b81-b6e1-30de50dcbe96") != "Windows Hello" || Model("") != "" {
		t.Error("names of models")
	}
}
