package idp

import (
	"errors"
	"net/http"

	"propusk/idp/browser"
	"propusk/idp/oauth"
	"propusk/idp/pages"
)

// Catalogue keys of why a person who is signed in is asked again.
const (
	noticeSignInAgain         = "notice.signin_again"
	noticeProveAgain          = "flow.prove_again"
	noticeOtherPerson         = "flow.other_person"
	noticeNotMember           = "flow.not_member"
	noticeOperatorFactors     = "flow.operator_factors"
	noticeOrganisationFactors = "flow.organisation_factors"
	noticeOrganisationNetwork = "flow.organisation_network"
	noticeOrganisationACR     = "flow.organisation_acr"
)

// explain gives the errors of a sign-in their answers.
func explain(err error) (browser.Fault, bool) {
	var told *oauth.Error
	switch {
	case errors.Is(err, errDone), errors.Is(err, errNoAttempt), errors.Is(err, oauth.ErrWaitingOver):
		return browser.Fault{Status: http.StatusGone, Page: pages.FailureExpired, Err: err}, true
	case errors.Is(err, errOtherBrowser):
		return browser.Fault{Status: http.StatusForbidden, Page: pages.FailureBrowser, Err: err}, true
	case errors.As(err, &told):
		return browser.Fault{Status: told.Status, Page: pages.FailureRequest, Err: err}, true
	default:
		return browser.Fault{}, false
	}
}
