package idp

import (
	"testing"

	"propusk/idp/directory"
	"propusk/signature"
)

// Who is signed in by password is asked for a certificate when the application
// wants qualified assurance, and for nothing else.
func TestQualifiedAssuranceIsReachedByACertificate(t *testing.T) {
	eachCertified(t, func(h *certified) {
		v := h.visitor()
		on := v.identify(v.begin("app", "scope", "openid", "acr_values", directory.ACRQualified), "elena@north.example", password)
		on.is("/signin/certificate")
		got := h.redeem("app", h.appSecret, v.upload(on, h.authority.Issue(h.t, elenas()).Sign(h.t, []byte(v.file(on)))).lead())
		if id := claims(h.t, got.IDToken); id["acr"] != directory.ACRQualified || id["sub"] != h.elena.ID {
			h.t.Errorf("%v", id)
		}
		// The next application gets the same assurance without a question.
		v.do("GET", authorize("app", "scope", "openid", "acr_values", directory.ACRQualified, "prompt", "none"), nil).lead()
	})
}

// A certificate of somebody else, given where a person is asked for one more
// proof, signs that somebody in and adds nothing to the first one's session.
func TestAnotherPersonsCertificateDoesNotRaiseAPersonsAssurance(t *testing.T) {
	eachCertified(t, func(h *certified) {
		v := h.visitor()
		on := v.identify(v.begin("app", "scope", "openid", "acr_values", directory.ACRQualified), "pavel@south.example", password)
		on.is("/signin/certificate")
		got := h.redeem("app", h.appSecret, v.upload(on, h.authority.Issue(h.t, elenas()).Sign(h.t, []byte(v.file(on)))).lead())
		if id := claims(h.t, got.IDToken); id["sub"] != h.elena.ID {
			h.t.Errorf("the token is %v's", id["sub"])
		}
		sessions, err := h.idp.sessions.OfPerson(h.ctx(), h.pavel.ID)
		h.check(err)
		if len(sessions) != 0 {
			h.t.Errorf("the first person's session goes on: %+v", sessions)
		}
	})
}

// A certificate without ИНН or СНИЛС of the person opens nothing at a step-up
// either.
func TestRefusedCertificateLeavesTheStepUpWhereItWas(t *testing.T) {
	eachCertified(t, func(h *certified) {
		v := h.visitor()
		on := v.identify(v.begin("app", "scope", "openid", "acr_values", directory.ACRQualified), "elena@north.example", password)
		stranger := h.authority.Issue(h.t, signature.Subject{CommonName: "Морозова Елена", SNILS: "99000000254"})
		got := v.upload(on, stranger.Sign(h.t, []byte(v.file(on))))
		got.says("никто не зарегистрирован").is("/signin/certificate")
		v.get("/signin?request=" + on.form("/signin/certificate").Get("request")).is("/signin/certificate")
	})
}
