package conformance

import (
	"testing"
)

// module is one test module of the suite.
type module struct {
	name string
	test func(p *party)
	// why says why a module does not apply, instead of a test; note what is to be
	// known of one that has a test.
	why, note string
	// only is the part of a plan's variants that it goes with: "dpop",
	// oauth.AuthPrivateKeyJWT, "signed"; "" = all.
	only string
}

// plan is one test plan of the suite.
type plan struct {
	name     string
	test     string // the Go test that runs it
	variants []variant
	modules  []module
}

// goesWith reports whether the suite has the module for a variant.
func (m module) goesWith(v variant) bool {
	switch m.only {
	case "":
		return true
	case "signed":
		return v.signed
	}
	return m.only == v.constrain || m.only == v.auth
}

// run runs the modules of a plan, each for each variant, by the suite's names.
func (pl plan) run(t *testing.T) {
	for _, v := range pl.variants {
		t.Run(v.name, func(t *testing.T) {
			for _, m := range pl.modules {
				if m.test == nil || !m.goesWith(v) {
					continue
				}
				t.Run(m.name, func(t *testing.T) {
					before := house.logged.Load()
					m.test(house.party(t, v))
					if house.logged.Load() != before {
						t.Error("the server called something an error")
					}
				})
			}
		})
	}
}

// plans are all that the package holds the server against.
func plans() []plan {
	return []plan{basicPlan(), configPlan(), dynamicPlan(), formPostPlan(), logoutPlan(), backchannelPlan(), frontchannelPlan(), securityPlan(), messagePlan(), credentialsPlan()}
}
