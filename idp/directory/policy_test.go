package directory

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/storage/journal"
)

func TestPolicyAllowsAndAdmits(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	if !p.Allows("sms") || !p.Admits(netip.Addr{}) || !p.TrustedDevices || p.PasswordMaxAge != 90*24*time.Hour {
		t.Errorf("the default forbids something: %+v", p)
	}
	p.Factors, p.Networks = []string{"passkey"}, []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	for factor, want := range map[string]bool{"passkey": true, "password": false, "sms": false, "device": true, "pin": true} {
		if p.Allows(factor) != want {
			t.Errorf("Allows(%s) = %v", factor, !want)
		}
	}
	for address, want := range map[string]bool{"192.0.2.200": true, "192.0.3.1": false, "2001:db8::1": false} {
		if p.Admits(netip.MustParseAddr(address)) != want {
			t.Errorf("Admits(%s) = %v", address, !want)
		}
	}
	if p.Admits(netip.Addr{}) {
		t.Error("an unknown address is admitted")
	}
}

func TestPolicyIsKept(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		got, err := w.Policy(w.ctx, w.org.ID)
		if err != nil || len(got.differences(DefaultPolicy())) != 0 {
			t.Fatalf("none is set: %+v %v", got, err)
		}
		want := Policy{
			RequiredACR: ACRTwoFactors, Factors: []string{"totp", "password", "totp"}, PIN: true, Idle: 10 * time.Minute, Absolute: 8 * time.Hour,
			PasswordMaxAge: 30 * 24 * time.Hour, PasswordAgeEnforced: true, Networks: []netip.Prefix{netip.MustParsePrefix("10.1.2.3/8")},
		}
		before, err := w.Membership(w.ctx, w.by(Administrator).PersonID, w.org.ID)
		w.must(err)
		w.must(w.SetPasswordHash(w.ctx, w.by(Administrator).PersonID, "$argon2id$…"))
		w.must(w.SetPolicy(w.ctx, System(), w.org.ID, want))
		want.Factors, want.Networks = []string{"password", "totp"}, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
		got, err = w.Policy(w.ctx, w.org.ID)
		if err != nil || len(got.differences(want)) != 0 {
			t.Errorf("kept %+v, want %+v (%v)", got, want, err)
		}
		after, err := w.Membership(w.ctx, w.by(Administrator).PersonID, w.org.ID)
		w.must(err)
		if after.Member.Version != before.Member.Version+1 || after.RequiredACR != ACRTwoFactors {
			t.Errorf("tokens of before live on: version %d after %d, acr %q", after.Member.Version, before.Member.Version, after.RequiredACR)
		}
		w.must(w.SetPolicy(w.ctx, System(), w.org.ID, want)) // nothing changes, nothing is revoked
		w.must(w.SetPolicy(w.ctx, System(), w.org.ID, DefaultPolicy()))
		last, err := w.Membership(w.ctx, w.by(Administrator).PersonID, w.org.ID)
		w.must(err)
		if last.Member.Version != after.Member.Version {
			t.Error("a policy that asks for less revoked tokens")
		}
	})
}

func TestPolicyIsAnAdministrators(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := DefaultPolicy()
		p.PIN = true
		for who, actor := range map[string]Actor{
			"a head": w.by(Head), "an accountant": w.by(Accountant), "nobody": {},
			"a client": {ClientID: "c", Permissions: Permissions()},
		} {
			if err := w.SetPolicy(w.ctx, actor, w.org.ID, p); !errors.Is(err, ErrForbidden) {
				t.Errorf("%s: %v", who, err)
			}
		}
	})
}

// An administrator cannot lock everybody out, nor himself by his network.
func TestPolicyLocksNotEverybodyOut(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		administrator := w.by(Administrator)
		w.must(w.SetPasswordHash(w.ctx, administrator.PersonID, "$argon2id$…"))
		strict := DefaultPolicy()
		strict.RequiredACR = ACRQualified
		impact, err := w.CheckPolicy(w.ctx, w.org.ID, strict)
		w.must(err)
		if impact.Administrators != 0 || len(impact.LockedOut) != impact.Members || impact.Members == 0 ||
			!slices.Equal(impact.LockedOut[0].Missing, []string{"certificate"}) || impact.LockedOut[0].Name == "" {
			t.Errorf("impact: %+v", impact)
		}
		if err := w.SetPolicy(w.ctx, administrator, w.org.ID, strict); !errors.Is(err, ErrLockedOut) {
			t.Errorf("set all the same: %v", err)
		}
		strict.RequiredACR, strict.Factors = "", []string{"password", "totp"}
		impact, err = w.CheckPolicy(w.ctx, w.org.ID, strict)
		if err != nil || impact.Administrators != 1 { // he connects an authenticator as he signs in
			t.Errorf("impact: %+v %v", impact, err)
		}
		strict.Networks = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
		outside := journal.With(w.ctx, journal.Circumstances{IP: "203.0.113.7"})
		var fields FieldErrors
		if err := w.SetPolicy(outside, administrator, w.org.ID, strict); !errors.As(err, &fields) || fields[0].Code != "excludes_you" {
			t.Errorf("his own network: %v", err)
		}
		w.must(w.SetPolicy(journal.With(w.ctx, journal.Circumstances{IP: "192.0.2.7"}), administrator, w.org.ID, strict))
	})
}

func TestPolicyValues(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(p *Policy)
		want   string
	}{
		"a level that is none":         {func(p *Policy) { p.RequiredACR = "high" }, "required_acr invalid"},
		"a factor that is none":        {func(p *Policy) { p.Factors = []string{"magic"} }, "factors invalid"},
		"codes alone":                  {func(p *Policy) { p.Factors = []string{"sms", "totp"} }, "factors unreachable"},
		"a password alone":             {func(p *Policy) { p.Factors = []string{"password"} }, "factors unreachable"},
		"qualified without":            {func(p *Policy) { p.RequiredACR, p.Factors = ACRQualified, []string{"passkey"} }, "factors unreachable"},
		"half a minute":                {func(p *Policy) { p.Idle = 30 * time.Second }, "idle out_of_range"},
		"a minute in all":              {func(p *Policy) { p.Absolute = time.Minute }, "absolute out_of_range"},
		"a new password an hour":       {func(p *Policy) { p.PasswordMaxAge = time.Hour }, "password_max_age out_of_range"},
		"no network":                   {func(p *Policy) { p.Networks = []netip.Prefix{{}} }, "networks invalid"},
		"too many networks":            {func(p *Policy) { p.Networks = make([]netip.Prefix, maxNetworks+1) }, "networks too_many"},
		"passkeys alone are all right": {func(p *Policy) { p.Factors = []string{"passkey"} }, ""},
	} {
		p := DefaultPolicy()
		test.change(&p)
		_, err := p.normalised()
		var fields FieldErrors
		var got []string
		if errors.As(err, &fields) {
			for _, f := range fields {
				got = append(got, f.Field+" "+f.Code)
			}
		}
		if strings.Join(got, ", ") != test.want {
			t.Errorf("%s: %v, want %s", name, got, test.want)
		}
	}
}

func TestObligations(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.by(Head).PersonID
		owes := func(want Obligations) {
			t.Helper()
			if got, err := w.Obligations(w.ctx, id); err != nil || got != want {
				t.Errorf("owes %+v, want %+v (%v)", got, want, err)
			}
		}
		owes(Obligations{})
		w.must(w.Oblige(w.ctx, System(), id, Obligations{}))
		w.must(w.Oblige(w.ctx, System(), id, Obligations{ChangePassword: true}))
		w.must(w.Oblige(w.ctx, System(), id, Obligations{AddFactor: true}))
		owes(Obligations{ChangePassword: true, AddFactor: true})
		w.must(w.Fulfil(w.ctx, Actor{PersonID: id}, id, Obligations{ChangePassword: true}))
		owes(Obligations{AddFactor: true})
		w.must(w.Fulfil(w.ctx, Actor{PersonID: id}, id, Obligations{ChangePassword: true, AddFactor: true}))
		owes(Obligations{})
	})
}

func TestUnusualSignInIsTold(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.by(Administrator).PersonID
		p, err := w.Person(w.ctx, id)
		w.must(err)
		mark := w.mark()
		for _, u := range []UnusualSignIn{
			{Reasons: []string{"country", "travel"}, UserAgent: "Firefox/1 Linux", Place: "Tokyo, JP"},
			{Reasons: []string{"device"}, Known: true},
			{Reasons: []string{"device"}, Refused: true},
		} {
			w.must(w.RecordUnusual(w.ctx, id, u))
		}
		told := w.since(mark)
		if len(told) != 1 || told[0].To != p.Email || !strings.Contains(told[0].Text, "другая страна, слишком далеко от прошлого входа") || !strings.Contains(told[0].Text, "Tokyo, JP") {
			t.Errorf("told: %+v", told)
		}
	})
}
