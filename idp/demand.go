package idp

import (
	"slices"
	"time"

	"propusk/idp/directory"
	"propusk/idp/oauth"
	"propusk/idp/session"
	"propusk/storage"
)

// What next weighs: how much proof is demanded, and how much of what was proved
// counts. Everything here is pure.

// demanded is the level that client, application, organisation and person
// together ask for. Acting for an organisation takes two factors always, and
// who has connected an authenticator, or owes a second factor after a recovery,
// is always asked for one.
func demanded(s situation) session.Level { return max(required(s), essential(s)) }

// required is demanded without what an essential claim acr asks for.
func required(s situation) session.Level {
	l := max(session.One, session.LevelOf(s.Request.ClientRequiredACR), preferred(s))
	if s.Request.NeedsOrganisation || s.Request.NeedsOperator || s.Prover.TOTP || s.Owed.AddFactor {
		l = max(l, session.Two)
	}
	if s.Organisation != nil {
		l = max(l, session.LevelOf(s.Organisation.Policy.RequiredACR))
	}
	return l
}

// essential is the level that an essential claim acr asks for: the first of its values
// that can be reached and is not below what is demanded anyway, since the ID token
// must show one of the values (OpenID Connect Core §5.5.1.1); None when there is none,
// or nothing essential was asked for.
func essential(s situation) session.Level {
	for _, acr := range s.Request.EssentialACR {
		if l := session.LevelOf(acr); l != session.None && l >= required(s) && l <= highest(s) {
			return l
		}
	}
	return session.None
}

// shownLevel is the level that the tokens show of what was proved: all of it, or the
// highest that an essential claim acr names.
func shownLevel(s situation, proved session.Level) session.Level {
	if len(s.Request.EssentialACR) == 0 {
		return proved
	}
	shown := session.None
	for _, acr := range s.Request.EssentialACR {
		if l := session.LevelOf(acr); l <= proved && l >= required(s) {
			shown = max(shown, l)
		}
	}
	return shown
}

// highest is the level that the factors of this server can prove.
func highest(s situation) session.Level {
	if s.NoCertificates {
		return session.Two
	}
	return session.Qualified
}

// preferred is the level that acr_values ask for: the first that can be
// reached. Values that we do not know are passed over, since acr_values is a
// wish (OpenID Connect Core §3.1.2.1); known ones of which none can be reached
// give that level, for sensible to refuse.
func preferred(s situation) session.Level {
	first := session.None
	for _, acr := range s.Request.ACRValues {
		l := session.LevelOf(acr)
		if l != session.None && l <= highest(s) {
			return l
		}
		if first == session.None {
			first = l
		}
	}
	return first
}

// weighed is what the session amounts to for this request, whatever an
// organisation thinks of it.
func weighed(s situation, now time.Time) session.Assurance {
	return session.Weigh(proofs(s), since(s, now))
}

// shown is weighed by what the person has shown himself: a trusted device may
// let him in, but gives nobody another factor.
func shown(s situation, now time.Time) session.Assurance {
	return session.Weigh(s.Session.Without(session.Device), since(s, now))
}

// proven is what the session amounts to for this request: by the proofs that
// are fresh enough and that the organisation takes.
func proven(s situation, now time.Time) session.Assurance {
	from := since(s, now)
	if s.Organisation == nil {
		return weighed(s, now)
	}
	policy := s.Organisation.Policy
	if policy.Absolute > 0 {
		from = max(from, storage.Of(now.Add(-policy.Absolute)))
	}
	taken := slices.DeleteFunc(slices.Clone(proofs(s)), func(p session.Proof) bool { return !policy.Allows(string(p.Factor)) })
	return session.Weigh(taken, from)
}

// proofs are the session's; a device that may not stand in for the second factor
// is none, and to the operators' console nothing leads but a passkey or a
// certificate, whatever else the session has.
func proofs(s situation) []session.Proof {
	if s.Request.NeedsOperator {
		return s.Session.Only(session.Passkey, session.Certificate)
	}
	if trusts(s) {
		return s.Session.Proofs.V
	}
	return s.Session.Without(session.Device)
}

// trusts tells that the browser's device may stand in for the second factor: in
// a plain sign-in only. Who asks for a fresh proof or for two factors by name
// means the person and not the machine. Qualified never comes of a device.
func trusts(s situation) bool {
	asked := max(session.LevelOf(s.Request.ClientRequiredACR), preferred(s)) >= session.Two
	return s.Device.Trusted && !asked && !s.Request.NeedsOperator && !wantsFresh(s.Request) && s.Request.MaxAge == nil &&
		(s.Organisation == nil || s.Organisation.Policy.TrustedDevices)
}

// since is the time before which a proof does not count for this sign-in:
// fresh means proved within the attempt, max_age moves it to now - max_age.
// What was proved within the attempt stays good however slowly it goes on.
func since(s situation, now time.Time) storage.Time {
	here := s.Progress.IdentifiedAt
	switch {
	case wantsFresh(s.Request):
		return here
	case s.Request.MaxAge == nil:
		return 0
	case here != 0:
		return min(here, oldest(*s.Request.MaxAge, now))
	default:
		return oldest(*s.Request.MaxAge, now)
	}
}

// oldest is now - maxAge; maxAge is in seconds and may be absurdly long.
func oldest(maxAge int64, now time.Time) storage.Time {
	const century = 100 * 365 * 24 * 60 * 60
	return storage.Of(now.Add(-time.Duration(min(max(maxAge, 0), century)) * time.Second))
}

// wantsFresh tells that a session alone does not do. We have no page that
// lists accounts, so select_account is answered by identifying.
func wantsFresh(r *oauth.AuthorizationRequest) bool {
	return slices.Contains(r.Prompt, "login") || slices.Contains(r.Prompt, "select_account")
}

// tooOld tells that who it is was proved longer ago than max_age allows
// (OpenID Connect Core §3.1.2.1).
func tooOld(s situation, now time.Time) bool {
	if s.Request.MaxAge == nil {
		return false
	}
	return s.Session.IdentifiedAt() < oldest(*s.Request.MaxAge, now)
}

// outsider tells that the application named an organisation of which the
// person is no active member.
func outsider(s situation) bool {
	return s.Request.NeedsOrganisation && s.Request.Organisation != "" && s.Organisation == nil
}

// stranger tells that id_token_hint names another person than the session's
// (OpenID Connect Core §3.1.2.1).
func stranger(s situation) bool {
	return s.Request.HintSubject != "" && s.Request.HintSubject != s.Session.PersonID
}

// unmeetable tells that the person cannot enter the organisation whatever he
// proves.
func unmeetable(s situation) bool {
	return s.Organisation != nil && closed(s, s.Organisation.Policy) != ""
}

// closed says why the person cannot enter an organisation of the policy from
// here, whatever he proves; "" = he can. A certificate may be anybody's: the
// first use binds it.
func closed(s situation, policy directory.Policy) string {
	p, allowed := s.Prover, policy.Allows
	switch {
	case !policy.Admits(s.Address):
		return noticeOrganisationNetwork
	case !s.NoCertificates && allowed(string(session.Certificate)):
		return ""
	case session.LevelOf(policy.RequiredACR) > session.Two:
		return noticeOrganisationACR
	case p.Passkey && allowed(string(session.Passkey)):
		return ""
	case p.Password && allowed(string(session.Password)) && (allowed(string(session.TOTP)) || p.have(session.SMS, allowed) || p.have(session.Email, allowed)):
		return ""
	default:
		return noticeOrganisationACR
	}
}
