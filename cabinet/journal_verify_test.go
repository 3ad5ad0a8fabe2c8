package cabinet_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"propusk/cabinet"
	"propusk/cabinet/cabinettest"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/storagetest"
)

// TestAnExportIsVerifiedByTheServerAndHeldAgainstItsJournal: what was changed is named
// by its entry; a whole journal that the server never had is found out, too.
func TestAnExportIsVerifiedByTheServerAndHeldAgainstItsJournal(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		cabinettest.Must(t, err)
		jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
		cabinettest.Must(t, err)
		keys := jwks
		w := cabinettest.New(t, db, nil, func(d *cabinet.Deps) {
			d.SignJournal, d.JournalKeys = signWith(t, key), func() []byte { return keys }
		})
		a, b := w.Office("Alpha", directory.Roles()...), w.Office("Beta", directory.Roles()...)
		token := w.Token(a, directory.Controller)
		export := func(token string) string {
			return w.Expect(w.Do("GET", "/v1/organization/journal/export", token, nil), http.StatusOK, "").Text
		}
		type verdict struct {
			OK       bool
			Entries  int64
			Current  int64
			Problems []struct {
				Seq        int64
				Code, Text string
			}
		}
		verify := func(text string) (v verdict) {
			w.Expect(w.Do("POST", "/v1/organization/journal/verify", token, []byte(text), "Content-Type", "application/x-ndjson"), http.StatusOK, "").Into(t, &v)
			return v
		}
		text, theirs := export(token), export(w.Token(b, directory.Controller))
		lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
		n := len(lines)
		if v := verify(text); !v.OK || v.Entries != int64(n-1) || v.Current != v.Entries {
			t.Fatalf("as exported: %+v", v)
		}
		export(token) // the journal goes on
		if v := verify(text); !v.OK || v.Current != v.Entries+1 {
			t.Errorf("an older export: %+v", v)
		}
		changed := strings.Replace(lines[2], `"outcome":"success"`, `"outcome":"refused"`, 1)
		for name, test := range map[string]struct {
			text, code string
			seq        int64
		}{
			"a changed entry":        {strings.Join(append(append(append([]string{}, lines[:2]...), changed), lines[3:]...), ""), "hash", 3},
			"a missing entry":        {strings.Join(append(append([]string{}, lines[:2]...), lines[3:]...), ""), "gap", 4},
			"no last entry":          {strings.Join(append(append([]string{}, lines[:n-2]...), lines[n-1]), ""), "head", int64(n - 2)},
			"no checkpoint":          {strings.Join(lines[:n-1], ""), "checkpoint", 0},
			"something else":         {"{}\n", "syntax", 0},
			"nothing":                {"", "checkpoint", 0},
			"another organisation's": {theirs, "organisation", 0},
		} {
			v := verify(test.text)
			if v.OK || len(v.Problems) == 0 || v.Problems[0].Code != test.code || v.Problems[0].Seq != test.seq || v.Problems[0].Text == "" || strings.Contains(v.Problems[0].Text, "{seq}") {
				t.Errorf("%s: %+v", name, v)
			}
		}
		// A chain of the organisation's name, whole and signed, that is another history.
		other := cabinettest.New(t, storagetest.SQLite(t), nil, func(d *cabinet.Deps) { d.SignJournal = signWith(t, key) })
		o := other.Office("Alpha", directory.Roles()...)
		forged := strings.ReplaceAll(other.Expect(other.Do("GET", "/v1/organization/journal/export", other.Token(o, directory.Controller), nil), http.StatusOK, "").Text, o.ID, a.ID)
		if v := verify(forged); v.OK {
			t.Errorf("a forged chain: %+v", v)
		}
		keys = []byte(`{"keys":[]}`)
		if v := verify(text); v.OK || len(v.Problems) != 1 || v.Problems[0].Code != "signature" {
			t.Errorf("a key that is no longer published: %+v", v)
		}
		w.Expect(w.Do("POST", "/v1/organization/journal/verify", w.Token(a, directory.Accountant), []byte(text), "Content-Type", "application/x-ndjson"), http.StatusForbidden, "permission_missing")
		w.Expect(w.Do("POST", "/v1/organization/journal/verify", token, []byte(text), "Content-Type", "text/plain"), http.StatusUnsupportedMediaType, "content_type_unsupported")
		w.Expect(w.Do("POST", "/v1/organization/journal/verify", token, []byte(strings.Repeat("x", 2<<20)), "Content-Type", "application/x-ndjson"), http.StatusBadRequest, "body_malformed")
		w.Expect(w.Do("POST", "/v1/organization/journal/verify?x=1", token, []byte(text), "Content-Type", "application/x-ndjson"), http.StatusBadRequest, "parameter_invalid")
	})
}
