package browser

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func post(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/oauth2/token", strings.NewReader(body))
	r.Header.Set("Content-Type", formType)
	return r
}

// FuzzForm holds the short way through a body against net/http's.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{"", "a=1&b=2", "a=1&a=2", "a", "=", "a=%zz", "a=%41+b", "a;b=1", "a=%00", "логин=а", "&&", strings.Repeat("a=1&", 2000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		ours, theirs := post(body), post(body)
		ourErr, theirErr := parse(ours), theirs.ParseForm()
		if (ourErr == nil) != (theirErr == nil) {
			t.Fatalf("parse: %v, ParseForm: %v", ourErr, theirErr)
		}
		if ourErr == nil && (!maps.EqualFunc(ours.PostForm, theirs.PostForm, slices.Equal) || !maps.EqualFunc(ours.Form, theirs.Form, slices.Equal)) {
			t.Fatalf("parse read %v, ParseForm %v", ours.Form, theirs.Form)
		}
	})
}

func TestWellFormedRefusesWhatIsNoText(t *testing.T) {
	t.Parallel()
	for body, fine := range map[string]bool{
		"login=%D0%96&text=a%09b%0D%0A": true, "": true,
		"login=a%00b": false, "login=%7F": false, "login=%FF": false, "a%01=b": false, "login=%zz": false, "login=%1B": false,
	} {
		err := WellFormed(httptest.NewRecorder(), post(body), MaxBody)
		if (err == nil) != fine {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func TestWellFormedBoundsTheBodyWhateverItsHeaderSays(t *testing.T) {
	t.Parallel()
	for _, declared := range []int64{-1, 10, 1 << 40} {
		r := post("a=" + strings.Repeat("x", MaxBody))
		r.ContentLength = declared
		var fault Fault
		if err := WellFormed(httptest.NewRecorder(), r, MaxBody); !errors.As(err, &fault) || fault.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("declared as %d bytes: %v", declared, err)
		}
	}
}
