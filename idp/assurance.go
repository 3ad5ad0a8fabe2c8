package idp

import (
	"slices"

	"propusk/idp/directory"
	"propusk/storage"
)

// Factor names one way to prove who one is. The names are those of the code
// page's `channel` field, the journal and the metrics.
type Factor string

// The factors.
const (
	FactorPassword Factor = "password"
	FactorTOTP     Factor = "totp"
	FactorSMS      Factor = "sms"
	FactorEmail    Factor = "email"
	// FactorEnrol is a step only: connecting an authenticator. What it proves
	// is FactorTOTP.
	FactorEnrol Factor = "enrol"
)

// level orders the assurance that this server speaks of.
type level int

const (
	levelNone      level = iota
	levelOne             // one factor
	levelTwo             // two factors of different kinds
	levelQualified       // a qualified certificate
)

// highest is the level that the factors of this server can prove.
const highest = levelTwo

// levelOf reads an acr, as it stands in acr_values, tokens and policies; levelNone for "" and for what we do not know.
func levelOf(acr string) level {
	switch acr {
	case directory.ACROneFactor:
		return levelOne
	case directory.ACRTwoFactors:
		return levelTwo
	case directory.ACRQualified:
		return levelQualified
	default:
		return levelNone
	}
}

// acr is the name of a level in tokens; "" for levelNone.
func (l level) acr() string {
	return [...]string{"", directory.ACROneFactor, directory.ACRTwoFactors, directory.ACRQualified}[l]
}

// proof is one factor proved, and when.
type proof struct {
	Factor Factor       `json:"factor"`
	At     storage.Time `json:"at"`
}

// assurance is what a set of proofs amounts to.
type assurance struct {
	Level level
	AMR   []string // RFC 8176; an e-mail code has no name of its own there and is "otp"
	// AuthTime is when the oldest proof that counts was given: a sign-in is
	// no fresher than its oldest part.
	AuthTime storage.Time
}

// weigh says what proofs amount to, leaving out those given before since.
// Second factors alone amount to nothing: they are sent to, or kept on, what a
// thief of the telephone holds.
func weigh(proofs []proof, since storage.Time) assurance {
	var a assurance
	for _, p := range proofs {
		if p.At < since {
			continue
		}
		if a.AuthTime == 0 || p.At < a.AuthTime {
			a.AuthTime = p.At
		}
		if name := p.Factor.amr(); !slices.Contains(a.AMR, name) {
			a.AMR = append(a.AMR, name)
		}
	}
	switch {
	case !slices.Contains(a.AMR, "pwd"):
		a.Level = levelNone
	case len(a.AMR) == 1:
		a.Level = levelOne
	default:
		a.Level = levelTwo
		a.AMR = append(a.AMR, "mfa")
	}
	return a
}

// amr is the factor's name in RFC 8176.
func (f Factor) amr() string {
	switch f {
	case FactorPassword:
		return "pwd"
	case FactorSMS:
		return "sms"
	default:
		return "otp"
	}
}
