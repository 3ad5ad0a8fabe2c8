package provider

import (
	"errors"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/authority/authoritytest"
	"propusk/cabinet/authority/httpsig"
	"propusk/storage"
)

func TestAProviderIsConfiguredWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	memory := storage.NewMemory(time.Now)
	t.Cleanup(func() { memory.Close() })
	good := Deps{
		Name: "bank", URL: "https://pay.example/v1", Keys: []httpsig.Public{authoritytest.Signer(t, 1).Public}, Signer: authoritytest.Signer(t, 2),
		Ephemeral: memory, Host: "id.example", Now: time.Now,
	}
	p, err := New(good)
	if err != nil || len(p.Pages) != 1 || p.Pages[0] != "https://pay.example" {
		t.Fatalf("%v, %v", p, err)
	}
	for name, spoil := range map[string]func(d *Deps){
		"no name": func(d *Deps) { d.Name = "" }, "no key": func(d *Deps) { d.Keys = nil }, "no host": func(d *Deps) { d.Host = "" },
		"no clock": func(d *Deps) { d.Now = nil }, "a path": func(d *Deps) { d.URL = "/v1" }, "a slash": func(d *Deps) { d.URL += "/" }, "ftp": func(d *Deps) { d.URL = "ftp://pay.example" },
	} {
		d := good
		spoil(&d)
		if _, err := New(d); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// FuzzState: what is taken is whole, bounded and leads nowhere but to the pages.
func FuzzState(f *testing.F) {
	f.Add([]byte(`{"id":"1","status":"pending","amount":100,"currency":"RUB","pay_url":"https://pay.example/p/1"}`))
	f.Add([]byte(`{"id":"1","status":"paid","amount":-1}`))
	f.Add([]byte(`{"id":"1","status":"paid","amount":1,"pay_url":"https://pay.example@evil.example/"}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := parse(raw)
		if err != nil {
			if !errors.Is(err, ErrState) {
				t.Errorf("%v", err)
			}
			return
		}
		if s.ID == "" || s.Amount <= 0 || len(s.Reason) > maxText || strings.ContainsAny(s.Reference, "\r\n") {
			t.Errorf("%+v", s)
		}
		if s.leadsTo([]string{"https://pay.example"}) == nil && s.PayURL != "" && !strings.HasPrefix(s.PayURL, "https://pay.example") && !strings.HasPrefix(strings.ToLower(s.PayURL), "https://pay.example") {
			t.Errorf("%q", s.PayURL)
		}
	})
}
