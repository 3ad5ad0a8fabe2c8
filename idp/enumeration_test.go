package idp

import (
	"fmt"
	"math/rand"
	"net/http"
	"slices"
	"testing"
	"time"

	"propusk/idp/browser"
	"propusk/idp/browser/browsertest"
	"propusk/idp/factor"
)

// Logins that exist, with second factors and with none, take as long as one that
// does not: 300 wrong passwords of each. It runs alone, and hashes as people's
// passwords are hashed (less memory, so that the rest weighs more).
func TestLoginsCannotBeToldApartByTime(t *testing.T) {
	h := newHouse(t, func(d *Deps) {
		d.SignIns = browser.Limit{Failures: 1 << 30}
		locks, err := factor.NewLocks(factor.LockDeps{
			Directory: d.Directory, Ephemeral: d.Ephemeral, Now: d.Now, Policy: factor.Policy{Failures: 1 << 20},
		})
		if err != nil {
			t.Fatal(err)
		}
		d.Passwords, err = factor.NewPasswords(factor.PasswordDeps{
			Directory: d.Directory, Locks: locks, Now: d.Now, Params: factor.Params{Memory: 1 << 10, Time: 1, Threads: 1}, Concurrency: 2,
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	h.check(h.idp.deps.Passwords.Set(h.ctx(), h.pavel, password+"9", factor.PasswordPolicy{}))
	h.check(h.idp.deps.Passwords.Set(h.ctx(), h.loner, password+"9", factor.PasswordPolicy{}))
	v := h.visitor()
	page := v.begin("app")
	for what, login := range map[string]string{"a login with second factors": "pavel@south.example", "a login with none": "oleg@nowhere.example"} {
		browsertest.Alike(t, what+" and one of nobody", func() (a, b []time.Duration) {
			const trials = 300
			order := slices.Repeat([]bool{true, false}, trials)
			rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			took := map[bool][]time.Duration{}
			for i, known := range order {
				name := fmt.Sprintf("olga%d@nowhere.example", i)
				if known {
					name = login
				}
				form := with(page.form("/signin/identify"), "login", name, "password", "не тот")
				began := time.Now()
				got := v.do(http.MethodPost, "/signin/identify", form)
				took[known] = append(took[known], time.Since(began))
				if got.status != http.StatusUnprocessableEntity {
					t.Fatalf("%s: %d", name, got.status)
				}
			}
			return took[true], took[false]
		})
	}
}
