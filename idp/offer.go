package idp

import (
	"slices"
	"time"

	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/storage"
)

// Which factor to ask for, of those that a person has. Everything here is pure.

// prover says which factors a person has.
type prover struct {
	TOTP, Phone, Email bool // confirmed authenticator, verified phone, verified e-mail
	Passkey            bool // one that is not locked
	Recovery           bool // a recovery code is left
	Certificate        bool // one is bound
	Password           bool
}

// factors lists the second factors that the person has, in the order in which
// they are offered: what cannot be phished or read by others first, what is for
// an emergency last.
func (p prover) factors() []session.Factor {
	var have []session.Factor
	for _, f := range []struct {
		has    bool
		factor session.Factor
	}{
		{p.TOTP, session.TOTP},
		{p.Passkey, session.Passkey},
		{p.Phone, session.SMS},
		{p.Email, session.Email},
		{p.Recovery, session.RecoveryCode},
		{p.Certificate, session.Certificate},
	} {
		if f.has {
			have = append(have, f.factor)
		}
	}
	return have
}

// have tells that the person has the factor and that it is allowed.
func (p prover) have(f session.Factor, allowed func(string) bool) bool {
	return slices.Contains(p.factors(), f) && allowed(string(f))
}

// seconds are the second factors that may be asked for: those that the
// organisation takes, and what could not be asked for a moment ago last.
func seconds(s situation) []session.Factor {
	have := slices.DeleteFunc(s.Prover.factors(), func(f session.Factor) bool {
		return s.Organisation != nil && !s.Organisation.Policy.Allows(string(f))
	})
	slices.SortStableFunc(have, func(a, b session.Factor) int { return down(s, a) - down(s, b) })
	return have
}

// down is 1 for a factor that could not be asked for.
func down(s situation, f session.Factor) int {
	if slices.Contains(s.Progress.Unavailable, f) {
		return 1
	}
	return 0
}

// offered is the second factor to ask for: the one the person asked for if he
// has it, else the first he has, else connecting an authenticator. An
// authenticator is connected by who has no other second factor at all, or has
// proved one that this organisation does not take; a trusted device is none.
func offered(s situation, now time.Time) session.Factor {
	have := seconds(s)
	if len(have) == 0 && shown(s, now).Level < session.Two {
		have = s.Prover.factors()
	}
	switch {
	case slices.Contains(have, s.Progress.Wanted):
		return s.Progress.Wanted
	case len(have) > 0:
		return have[0]
	default:
		return session.Enrol
	}
}

// convinced tells that what was proved since the identification outweighs what is unusual
// about it. A passkey or a certificate cannot be handed on to a false page.
// A second factor that the person typed confirms a new device or country; when
// nobody could have travelled that fast, codes may be passing through a thief.
func convinced(s situation) bool {
	if provedNow(s, session.Passkey) || provedNow(s, session.Certificate) {
		return true
	}
	if slices.Contains(s.Session.Unusual.V, pages.UnusualTravel) {
		return false
	}
	return slices.ContainsFunc(typed, func(f session.Factor) bool { return provedNow(s, f) })
}

// typed are the second factors that a person types.
var typed = []session.Factor{session.TOTP, session.SMS, session.Email, session.RecoveryCode}

// confirming is the factor to confirm an unusual sign-in by: one that was not
// proved since the identification; "" when there is none.
func confirming(s situation) session.Factor {
	left := confirmations(s)
	switch {
	case slices.Contains(left, s.Progress.Wanted):
		return s.Progress.Wanted
	case len(left) > 0:
		return left[0]
	default:
		return ""
	}
}

// confirmations are the factors that may confirm an unusual sign-in, whatever the
// organisation takes: naming one that takes few must not be the easier way in.
func confirmations(s situation) []session.Factor {
	s.Organisation = nil
	return slices.DeleteFunc(seconds(s), func(f session.Factor) bool {
		return f == session.RecoveryCode || f == session.Certificate || provedNow(s, f)
	})
}

// provedNow tells that the factor was proved with the last identification or
// after it.
func provedNow(s situation, f session.Factor) bool {
	return s.Session.ProvedAt(f) >= max(s.Session.IdentifiedAt(), storage.Time(1))
}

// provedHere tells that the factor was proved within this attempt.
func provedHere(s situation, f session.Factor) bool {
	here := s.Progress.IdentifiedAt
	return here != 0 && s.Session.ProvedAt(f) >= max(here, storage.Time(1))
}
