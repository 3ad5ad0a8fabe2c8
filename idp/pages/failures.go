package pages

// Names of the failures that the catalogue can tell in full: what happened,
// why, and what to do.
const (
	FailureRequest         = "request"          // the application's request is malformed
	FailureClient          = "client"           // no such application, or it is disabled
	FailureRedirect        = "redirect"         // redirect_uri is not registered
	FailureExpired         = "expired"          // the authorization request is gone
	FailureBrowser         = "browser"          // it was begun in another browser
	FailureOrganisation    = "organisation"     // the person has no organisation
	FailureAssurance       = "assurance"        // the level asked for cannot be reached
	FailureBlocked         = "blocked"          // the person is blocked
	FailureInvitation      = "invitation"       // the invitation is spent, withdrawn or too old
	FailureInvitationOther = "invitation_other" // it is for another person
	FailureTooMany         = "too_many"         // the address's budget is spent
	FailureLarge           = "large"            // the body is too big
	FailureCrossSite       = "cross_site"       // a form from another origin
	FailureMissing         = "missing"          // no such page
	FailureMethod          = "method"           // the page takes no such method
	FailureBusy            = "busy"             // too many password checks at once
	FailureInternal        = "internal"         // ours
)

// failures lists every name above, for the test that each is told in full.
var failures = []string{
	FailureRequest, FailureClient, FailureRedirect, FailureExpired, FailureBrowser, FailureOrganisation,
	FailureAssurance, FailureBlocked, FailureInvitation, FailureInvitationOther, FailureTooMany, FailureLarge,
	FailureCrossSite, FailureMissing, FailureMethod, FailureBusy, FailureInternal,
}

// Fail is the page that tells the named failure. The caller adds Code (when it
// has a more exact one), RequestID and RetryURL.
func Fail(name string) Failure {
	key := "failure." + name
	return Failure{
		Title: key + ".title", What: key + ".what", Why: key + ".why", Do: key + ".do",
		Code: name,
	}
}
