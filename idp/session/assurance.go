package session

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
	Password     Factor = "password"
	TOTP         Factor = "totp"
	SMS          Factor = "sms"
	Email        Factor = "email"
	Passkey      Factor = "passkey"     // with user verification: two factors in one
	Certificate  Factor = "certificate" // qualified: a complete sign-in by itself
	RecoveryCode Factor = "recovery"    // one of the ten kept on paper
	Device       Factor = "device"      // a trusted device, in place of the second factor
	// PIN opens an organisation, the proof's Credential, to who is signed in. It
	// is no second factor: it keeps out who finds the screen unlocked.
	PIN Factor = "pin"
	// Enrol is a step only: connecting an authenticator. What it proves is TOTP.
	Enrol Factor = "enrol"
)

// Primary tells that the factor alone says who somebody is.
func (f Factor) Primary() bool { return f == Password || f == Passkey || f == Certificate }

// Level orders the assurance that this server speaks of.
type Level int

// The levels.
const (
	None      Level = iota
	One             // one factor
	Two             // two factors of different kinds, or a passkey
	Qualified       // a qualified certificate
)

// LevelOf reads an acr, as it stands in acr_values, tokens and policies; None for "" and for what we do not know.
func LevelOf(acr string) Level {
	switch acr {
	case directory.ACROneFactor:
		return One
	case directory.ACRTwoFactors:
		return Two
	case directory.ACRQualified:
		return Qualified
	default:
		return None
	}
}

// ACR is the name of a level in tokens; "" for None.
func (l Level) ACR() string {
	return [...]string{"", directory.ACROneFactor, directory.ACRTwoFactors, directory.ACRQualified}[l]
}

// Proof is one factor proved, and when.
type Proof struct {
	Factor Factor       `json:"factor"`
	At     storage.Time `json:"at"`
	// Credential names the one that was used, where a person may have several: a
	// passkey's id, a certificate's fingerprint, a device's id; "" otherwise.
	Credential string `json:"credential,omitempty"`
}

// Assurance is what a set of proofs amounts to.
type Assurance struct {
	Level Level
	AMR   []string // RFC 8176; an e-mail code has no name of its own there and is "otp"
	// AuthTime is when the oldest proof that counts was given: a sign-in is
	// no fresher than its oldest part.
	AuthTime storage.Time
}

// Weigh says what proofs amount to, leaving out those given before since.
// Second factors alone amount to nothing: they are sent to, or kept on, what a
// thief of the telephone holds.
func Weigh(proofs []Proof, since storage.Time) Assurance {
	var a Assurance
	var primary, second Level
	for _, p := range proofs {
		if p.At < since {
			continue
		}
		if a.AuthTime == 0 || p.At < a.AuthTime {
			a.AuthTime = p.At
		}
		for _, name := range p.Factor.amr() {
			if !slices.Contains(a.AMR, name) {
				a.AMR = append(a.AMR, name)
			}
		}
		primary = max(primary, p.Factor.level())
		if !p.Factor.Primary() && p.Factor != PIN {
			second = Two
		}
	}
	if primary > None {
		a.Level = max(primary, second)
	}
	if a.Level == Two || a.Level == Qualified && len(a.AMR) > 1 {
		a.AMR = append(a.AMR, "mfa")
	}
	return a
}

// level is what the factor proves when it is the only one.
func (f Factor) level() Level {
	switch f {
	case Password:
		return One
	case Passkey:
		return Two
	case Certificate:
		return Qualified
	default:
		return None
	}
}

// amr names the factor in the words of RFC 8176 §2. A recovery code is a
// one-time password; a trusted device stands for a second factor that was
// proved on it within the last weeks, which is a judgement of risk.
func (f Factor) amr() []string {
	switch f {
	case Password:
		return []string{"pwd"}
	case SMS:
		return []string{"sms"}
	case Passkey:
		return []string{"pop", "user"}
	case Certificate:
		return []string{"pop"}
	case Device:
		return []string{"rba"}
	case PIN:
		return []string{"pin"}
	default:
		return []string{"otp"}
	}
}
