package conformance

import (
	"testing"

	"propusk/idp/oauth"
)

func TestFormPostOP(t *testing.T) { formPostPlan().run(t) }

// formPostPlan is the Basic plan, answered by form (OAuth 2.0 Form Post Response
// Mode).
func formPostPlan() plan {
	v := variant{name: "client_secret_basic, form_post", auth: oauth.AuthBasic, mode: "form_post"}
	return plan{"oidcc-formpost-basic-certification-test-plan", "TestFormPostOP", []variant{v}, basicModules()}
}
