package pages

import (
	"net/http"
	"slices"
	"strings"
)

// looks are what a person may change of how pages look, each a class of <html>.
var looks = []string{"contrast", "large"}

// lookCookie keeps the choice; it says nothing about the person.
const lookCookie = "propusk-look"

// Look is how this browser wants pages to look: some of "contrast" and "large",
// separated by blanks.
func Look(r *http.Request) string {
	cookie, err := r.Cookie(lookCookie)
	if err != nil || len(cookie.Value) > 64 {
		return ""
	}
	var chosen []string
	for name := range strings.SplitSeq(cookie.Value, ".") {
		if slices.Contains(looks, name) && !slices.Contains(chosen, name) {
			chosen = append(chosen, name)
		}
	}
	return strings.Join(chosen, " ")
}

// SwitchLook turns one of the looks on or off and keeps the choice for a year.
// Another word changes nothing.
func SwitchLook(w http.ResponseWriter, r *http.Request, name string) {
	if !slices.Contains(looks, name) {
		return
	}
	chosen := strings.Fields(Look(r))
	if at := slices.Index(chosen, name); at >= 0 {
		chosen = slices.Delete(chosen, at, at+1)
	} else {
		chosen = append(chosen, name)
	}
	http.SetCookie(w, &http.Cookie{
		Name: lookCookie, Value: strings.Join(chosen, "."), Path: "/", MaxAge: 365 * 24 * 3600,
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode,
	})
}

// looksLike reports whether a look is among the chosen ones.
func looksLike(chosen, name string) bool { return slices.Contains(strings.Fields(chosen), name) }
