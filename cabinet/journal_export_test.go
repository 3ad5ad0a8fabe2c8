package cabinet_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"propusk/cabinet"
	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/storagetest"
)

// TestAnExportedJournalIsVerifiedByTheCompanyItself: what was changed, removed at
// the end or swapped in the copy is found without the server.
func TestAnExportedJournalIsVerifiedByTheCompanyItself(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		cabinettest.Must(t, err)
		w := cabinettest.New(t, db, nil, func(d *cabinet.Deps) { d.SignJournal = signWith(t, key) })
		a, b := w.Office("Alpha", directory.Roles()...), w.Office("Beta")
		got := w.Expect(w.Do("GET", "/v1/organization/journal/export", w.Token(a, directory.Controller), nil), http.StatusOK, "")
		if strings.Contains(got.Text, b.ID) || got.Header.Get("Content-Type") != "application/x-ndjson" ||
			!strings.HasPrefix(got.Header.Get("Content-Disposition"), `attachment; filename="journal-`+a.INN) {
			t.Errorf("%v %s", got.Header, got.Text)
		}
		jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
		cabinettest.Must(t, err)
		lines := strings.SplitAfter(strings.TrimSuffix(got.Text, "\n"), "\n")
		n := len(lines)
		if n < 8 || !strings.Contains(lines[n-2], `"journal.exported"`) {
			t.Fatalf("%d lines, the last entry is %s", n, lines[n-2])
		}
		swapped := append([]string(nil), lines...)
		swapped[1], swapped[2] = swapped[2], swapped[1]
		for name, test := range map[string]struct {
			text string
			ok   bool
		}{
			"as exported":         {got.Text, true},
			"a changed byte":      {strings.Replace(got.Text, `"observer"`, `"operator"`, 1), false},
			"no last entry":       {strings.Join(append(append([]string(nil), lines[:n-2]...), lines[n-1]), ""), false},
			"no checkpoint":       {strings.Join(lines[:n-1], ""), false},
			"two entries swapped": {strings.Join(swapped, ""), false},
		} {
			report, err := journal.Verify(bytes.NewReader([]byte(test.text)), jwks)
			if err != nil || report.OK() != test.ok || name != "as exported" && test.text == got.Text {
				t.Errorf("%s: %v %+v", name, err, report)
			}
		}
		w.Expect(w.Do("GET", "/v1/organization/journal/export", w.Token(a, directory.Accountant), nil), http.StatusForbidden, "permission_missing")
	})
}

func signWith(t *testing.T, key *ecdsa.PrivateKey) journal.Sign {
	return func(_ context.Context, payload []byte) (string, error) {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}},
			new(jose.SignerOptions).WithType(journal.CheckpointType))
		cabinettest.Must(t, err)
		signed, err := signer.Sign(payload)
		cabinettest.Must(t, err)
		return signed.CompactSerialize()
	}
}

// TestAnExportThatBreaksOffIsNoExport: the connection ends without the end of the
// answer, so that no client takes a part for the whole.
func TestAnExportThatBreaksOffIsNoExport(t *testing.T) {
	t.Parallel()
	w := cabinettest.New(t, storagetest.SQLite(t), nil, func(d *cabinet.Deps) {
		d.SignJournal = func(context.Context, []byte) (string, error) { return "", api.Refuse("internal") }
	})
	a := w.Office("Alpha")
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("the answer ended as if it were whole")
		}
	}()
	w.Server.ServeHTTP(httptest.NewRecorder(), cabinettest.Request(t, "GET", "/v1/organization/journal/export", w.Token(a, directory.Administrator), nil))
}
