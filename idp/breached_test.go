package idp

import (
	"crypto/sha1" // the published lists are of SHA-1
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"propusk/idp/factor"
)

// Row 17: a password that became known since it was set opens nothing but the
// way to another one.
func TestBreachedPasswordMustBeChanged(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	sum := sha1.Sum([]byte(password))
	path := filepath.Join(t.TempDir(), "breached.txt")
	h.check(os.WriteFile(path, []byte(hex.EncodeToString(sum[:])+":3\n"), 0o600))
	list, err := factor.OpenHashList(path)
	h.check(err)
	h.idp.deps.Passwords, err = factor.NewPasswords(factor.PasswordDeps{
		Directory: h.directory, Locks: h.locks, Now: h.clock.Now, Params: factor.Params{Memory: 64, Time: 1, Threads: 1}, Breached: list,
	})
	h.check(err)
	v := h.visitor()
	page := v.signInElena(v.begin("app")).is("/signin/password").says("украден")
	const better = "Ещё-более-длинный-27"
	// Beginning anew, or the next application, does not lead around it.
	v.begin("theirs").is("/signin/password")
	if got := v.submit(page, "/signin/password", "password", password, "password_again", password); got.status != http.StatusUnprocessableEntity {
		t.Errorf("the stolen one again: %d", got.status)
	}
	v.submit(page, "/signin/password", "password", better, "password_again", better).is("/signin/organisation")
	if owed, err := h.directory.Obligations(h.ctx(), h.elena.ID); err != nil || !owed.None() {
		t.Errorf("%+v, %v", owed, err)
	}
}
