package integration_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/web/inboxtest"
	"propusk/cabinet/web/integration"
	"propusk/idp/directory"
)

// pasted is a key as a person pastes it: its public half, or the whole.
func pasted(t *testing.T, kid string, private bool) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	cabinettest.Must(t, err)
	jwk := jose.JSONWebKey{Key: key, KeyID: kid, Algorithm: "ES256", Use: "sig"}
	if !private {
		jwk = jwk.Public()
	}
	text, err := json.Marshal(jwk)
	cabinettest.Must(t, err)
	return string(text)
}

// TestAProgramKnowsItselfByPastedKeys: keys without an address, what is wrong with
// them in words, and new ones for old.
func TestAProgramKnowsItselfByPastedKeys(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, integration.Room())
	o := w.Office("mayak", directory.Administrator, directory.Observer)
	b := w.SignIn(o, directory.Administrator)
	page := b.Open("/cabinet/integrations/clients/new").Is(http.StatusOK).Fill("Название", "Учёт")
	refused := func(keys, says string) {
		t.Helper()
		page.Type("jwks", keys).Submit("Создать").Is(http.StatusUnprocessableEntity).Says(says)
	}
	refused("не ключ", "Это не JSON")
	refused(`{"keys":[]}`, "нет ни одного ключа")
	refused(`{"keys":[{"kty":"oct","k":"AAAA"}]}`, "Это закрытый ключ")
	private := pasted(t, "p", true)
	told := page.Type("jwks", private).Submit("Создать").Is(http.StatusUnprocessableEntity).Says("Это закрытый ключ", "Замените его")
	if strings.Contains(told.Body, `&#34;d&#34;`) || strings.Contains(told.Body, `"d":"`) {
		t.Error("a private key is drawn again")
	}
	page.Type("jwks", pasted(t, "a", false)).Type("jwks_uri", "https://mayak.example/jwks").Submit("Создать").
		Is(http.StatusUnprocessableEntity).Says("или адрес ключей, или сами ключи")
	page = b.Open("/cabinet/integrations/clients/new").Fill("Название", "Учёт")
	made := page.Type("jwks", `{"keys":[`+pasted(t, "a", false)+`]}`).Submit("Создать").Is(http.StatusOK).Says("Учёт", "Заменить ключи")
	made.Type("jwks", private).Submit("Заменить ключи").Is(http.StatusUnprocessableEntity).Says("Это закрытый ключ")
	made.Type("jwks", pasted(t, "b", false)).Type("overlap_days", "99").Submit("Заменить ключи").Is(http.StatusUnprocessableEntity)
	made.Type("jwks", pasted(t, "b", false)).Type("overlap_days", "7").Submit("Заменить ключи").Is(http.StatusOK).Says("Ключи заменены", "до ")
	b.In("en").Open(made.Path).Says("Replace the keys")
}
