package pages

import (
	"slices"
	"strings"
	"time"
)

// Page is one of the view structs of this package.
type Page interface {
	// view names the template that draws the page.
	view() string
}

// FieldError says what is wrong with one field, or with the whole form when
// Field is empty. It is shown next to the field and in the summary above the
// form, which takes the focus.
type FieldError struct {
	Field string         // the field's name attribute; "" = the whole form
	Key   string         // catalogue key of the message, or the message itself
	Args  map[string]any // values for the message's placeholders
}

// Fields shared by the pages of a running sign-in:
//
//   - Request is the id of the authorization request, in the hidden field
//     `request` of each form;
//   - ClientName is the application that asked for the sign-in;
//   - RedirectURI is where the sign-in will lead. Its origin is allowed in the
//     page's form-action: browsers hold the redirects that follow a form to
//     that directive, so without it the last step of a sign-in is blocked.

// Way is one more way to sign in that works for this person, drawn as a button
// under the password form.
type Way struct {
	Icon  string // "certificate", "passkey" or "" for none
	Title string // catalogue key or text
	Text  string // catalogue key or text
	URL   string // where the way begins; a path of this site
}

// Identify asks for the login and the password: POST /signin/identify with
// `login` and `password`.
type Identify struct {
	Request, ClientName, RedirectURI string
	Login                            string
	Errors                           []FieldError
	Notice                           string // catalogue key or text, e.g. "notice.signin_again"
	Others                           []Way
	Passkey                          *Passkey // offered on the login field and by a button; nil = not
	RegisterURL                      string   // "" = no self-registration, so no link
	RecoverURL                       string   // "" = the help page
}

// Kinds of one-time code.
const (
	KindTOTP  = "totp"
	KindSMS   = "sms"
	KindEmail = "email"
)

// Code asks for a one-time code: POST /signin/code with `code`. A new code, or
// another kind of it, is asked for by POST /signin/code/send with `channel`
// holding the kind.
type Code struct {
	Request, ClientName, RedirectURI string
	PersonName                       string
	Kind                             string        // KindTOTP, KindSMS, KindEmail, KindRecovery
	Destination                      string        // masked phone or address; "" for TOTP and recovery codes
	Others                           []string      // other kinds this person can use, also KindPasskey and KindCertificate
	Passkey                          *Passkey      // for the KindPasskey among Others
	TrustOffered                     bool          // "do not ask on this device": the box `trust`, value "yes"
	ResendIn                         time.Duration // until the next code may be sent; 0 = at once
	Errors                           []FieldError
}

// EnrolTOTP connects an authenticator application: POST /signin/totp with
// `code`.
type EnrolTOTP struct {
	Request, ClientName, RedirectURI string
	PersonName                       string
	Secret                           string // base32, shown in groups of four for typing by hand
	QR                               []byte // PNG of the otpauth URI
	Errors                           []FieldError
}

// OrganisationItem is one organisation a person may act for.
type OrganisationItem struct {
	ID, Name, INN, OGRN, KPP string
	RoleLabel                string // in the page's language
	Sole                     bool   // a sole proprietor (ИП): ОГРНИП and no КПП
}

// OrganisationChoice asks on whose behalf to go on: POST /signin/organisation
// with `organisation`. The search is GET /signin with `request` and `q`.
type OrganisationChoice struct {
	Request, ClientName, RedirectURI string
	PersonName                       string
	How                              string // catalogue key or text: how the person was confirmed, e.g. "how.totp"
	Organisations                    []OrganisationItem
	Query                            string // what was searched for
	Chosen                           string // id of the organisation marked at first; "" = the first one when there is one only
	Total                            int    // how many organisations the person has; the search is shown above searchFrom
	Errors                           []FieldError
}

// ScopeItem is one thing an application asks for, in a person's words.
type ScopeItem struct{ Title, Text string }

// DetailItem is something that an application asks for within limits (RFC 9396), in a
// person's words. Its box is `detail` with Value.
type DetailItem struct {
	Value, Title string
	Kinds        []KindItem // what it is limited to, each with a box of its own; none = to no kinds
	Limits       []string   // the other limits, a sentence each
}

// KindItem is one kind of report or extract; its box is `kind` with Value.
type KindItem struct{ Value, Name string }

// Consent asks whether the application may have what it asks for: POST
// /signin/consent with `decision` "accept" or "refuse", and the boxes of the details
// that the person leaves ticked.
type Consent struct {
	Request, ClientName, RedirectURI string
	PersonName                       string
	OrganisationName                 string // "" = no organisation is involved
	Scopes                           []ScopeItem
	Details                          []DetailItem
	RedirectHost                     string // where the person will be taken
	Logo                             string // the application's picture, a path of this site; "" = none
	About                            []AboutLink
}

// AboutLink leads to a page of an application about itself; its host is shown, since only
// that says whose page it is.
type AboutLink struct {
	What string // home, policy, terms
	URL  string // https; opened beside this page, and told nothing of it
	Host string
}

// SignOutConfirm asks whether to sign out: POST /oauth2/logout with `logout`.
type SignOutConfirm struct {
	ClientName, PersonName string
	Logout                 string // id of the pending sign-out, in the hidden field `logout`
	RedirectURI            string // post_logout_redirect_uri, for form-action; may be empty
}

// SignedOut says that the session is over.
type SignedOut struct {
	ClientName string // "" = not known
	ReturnURL  string // checked by the caller; "" = no link back
	// Frames are pages of applications that end their own sessions when they are
	// opened (OpenID Connect Front-Channel Logout §2). With some, the page goes on to
	// ReturnURL by itself after FramesTime.
	Frames []string
}

// FramesTime is how long the pages of applications have to end their sessions, in
// seconds, before the browser goes on.
const FramesTime = 3

// Failure says what happened, why, and what to do.
type Failure struct {
	Title, What, Why, Do string         // catalogue keys or text; empty ones are left out
	Args                 map[string]any // values for the placeholders of those keys
	Code                 string         // stable, e.g. "invalid_redirect_uri"
	Detail               string         // for the application's developer, in English (RFC 6749 §4.1.2.1)
	RequestID            string         // to find the matter in the log
	RetryURL             string         // "" = trying again does not help
}

// Invitation asks an invited person to join: POST /invitations/{token}. A new
// person sets `password` and `password_again`; one who is known (Exists)
// signs in first.
type Invitation struct {
	Token, OrganisationName, RoleLabel string
	PersonName, Email                  string
	Exists                             bool
	RegisterURL                        string // where a new person can register in full instead; "" = no link
	Rules                              PasswordRules
	Errors                             []FieldError
}

// InvitationDone says that the person is a member now.
type InvitationDone struct {
	OrganisationName, RoleLabel string
	ContinueURL                 string // "" = no link onward
}

// Help says what to do when signing in fails and how to tell a real page.
type Help struct {
	Issuer  string // the address a real page stands at
	Contact string // e-mail or phone of the support; "" = the organisation's administrator
}

// Custom is a page of another room, drawn with templates given to Extend.
type Custom struct {
	Template string // file name within the extension, e.g. "members.html"
	Title    string // catalogue key or text
	Data     any    // `.Page` in the template
	Errors   []FieldError
	Shell    *Shell // the cabinet's frame; nil for pages on the pass

	RedirectURI string   // where the page's forms may lead besides this site; may be empty
	Idle        *Idle    // nil = no warning before the session's end
	Hidden      []Hidden // in every form that is sent by POST
	Notice      *Tag     // what has just been done, told above the page; nil = nothing
	Frames      bool     // the page shows files of this site in frames
}

// stepped is a page of a running sign-in.
type stepped interface{ step() step }

// step is what such a page tells the kit.
type step struct{ request, redirectURI string }

// faulty is a page with a form that can be wrong.
type faulty interface{ faults() []FieldError }

func (Identify) view() string           { return "identify.html" }
func (Code) view() string               { return "code.html" }
func (EnrolTOTP) view() string          { return "totp.html" }
func (OrganisationChoice) view() string { return "organisation.html" }
func (Consent) view() string            { return "consent.html" }
func (SignOutConfirm) view() string     { return "signout.html" }
func (SignedOut) view() string          { return "signedout.html" }
func (Failure) view() string            { return "failure.html" }
func (Invitation) view() string         { return "invitation.html" }
func (InvitationDone) view() string     { return "joined.html" }
func (Help) view() string               { return "help.html" }
func (c Custom) view() string           { return c.Template }

func (p Identify) step() step           { return step{p.Request, p.RedirectURI} }
func (p Code) step() step               { return step{p.Request, p.RedirectURI} }
func (p EnrolTOTP) step() step          { return step{p.Request, p.RedirectURI} }
func (p OrganisationChoice) step() step { return step{p.Request, p.RedirectURI} }
func (p Consent) step() step            { return step{p.Request, p.RedirectURI} }

func (p Identify) faults() []FieldError           { return p.Errors }
func (p Code) faults() []FieldError               { return p.Errors }
func (p EnrolTOTP) faults() []FieldError          { return p.Errors }
func (p OrganisationChoice) faults() []FieldError { return p.Errors }
func (p Invitation) faults() []FieldError         { return p.Errors }
func (p Custom) faults() []FieldError             { return p.Errors }

// framing is whom a page holds frames of, as source expressions (CSP 3 §2.3.1): this
// site's files, or the applications that are told of a sign-out.
func framing(page Page) string {
	switch p := page.(type) {
	case Custom:
		if p.Frames {
			return "'self'"
		}
	case SignedOut:
		var origins []string
		for _, frame := range p.Frames {
			if origin := formTarget(frame); origin != "" && !slices.Contains(origins, origin) {
				origins = append(origins, origin)
			}
		}
		return strings.Join(origins, " ")
	}
	return ""
}

// leads is where the forms of page may lead besides this site.
func leads(page Page) string {
	switch p := page.(type) {
	case stepped:
		return p.step().redirectURI
	case SignOutConfirm:
		return p.RedirectURI
	case Custom:
		return p.RedirectURI
	}
	return ""
}
