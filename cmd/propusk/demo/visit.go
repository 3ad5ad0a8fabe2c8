package demo

import (
	"strings"
	"time"

	"github.com/pquerna/otp/totp"
)

// visit is a part that a newcomer can play: who to be, where to begin and what to try.
type visit struct {
	Part, Login, Password, Code string
	URL                         string
	Steps                       []string // keys of the words
}

// parts are the guided visits, in the order in which they tell a story: the director
// sees what needs a decision, the accountant prepares it, an outside bookkeeper does
// so for two organisations, and an operator of the house keeps it all going.
var parts = []struct {
	part, login, path string
	steps             []string
}{
	{"director", "irina.", "/cabinet", []string{"demo.visit.director.1", "demo.visit.director.2", "demo.visit.director.3"}},
	{"accountant", "elena.", "/cabinet/filings", []string{"demo.visit.accountant.1", "demo.visit.accountant.2", "demo.visit.accountant.3"}},
	{"outside", "elena.", "/cabinet/organisations", []string{"demo.visit.outside.1", "demo.visit.outside.2", "demo.visit.outside.3"}},
	{"operator", "vera.", "/console", []string{"demo.visit.operator.1", "demo.visit.operator.2", "demo.visit.operator.3", "demo.visit.operator.4"}},
}

// visits are the parts with who plays them, and the code that he needs now.
func (d *Demo) visits(now time.Time) []visit {
	var out []visit
	for _, one := range parts {
		for _, u := range d.seen.Users {
			if !strings.HasPrefix(u.Login, one.login) {
				continue
			}
			v := visit{Part: one.part, Login: u.Login, Password: u.Password, URL: d.deps.Issuer + one.path, Steps: one.steps}
			if u.TOTPSecret != "" {
				v.Code, _ = totp.GenerateCode(u.TOTPSecret, now)
			}
			out = append(out, v)
		}
	}
	return out
}
