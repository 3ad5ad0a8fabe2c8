package idp

import (
	"net/http"
	"strings"
	"testing"

	"propusk/idp/oauth"
)

// RFC 6749 §5.2: the page that error_uri names has an anchor for each code, is open to
// everybody, in both languages, and says nothing that depends on who looks.
func TestThePageOfErrorsExplainsEachCode(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	for _, lang := range []string{"ru", "en"} {
		got := h.visitor().get(oauth.ErrorsPath + "?ui_locales=" + lang)
		if got.status != http.StatusOK {
			t.Fatalf("%s: %d", lang, got.status)
		}
		answered, explained := oauth.ErrorCodes(lang)
		for _, code := range append(answered, explained...) {
			if !strings.Contains(got.body, `id="`+code.Code+`"`) {
				t.Errorf("%s: no anchor %s", lang, code.Code)
			}
		}
		if csp := got.header.Get("Content-Security-Policy"); csp == "" {
			t.Error("no policy")
		}
	}
}
