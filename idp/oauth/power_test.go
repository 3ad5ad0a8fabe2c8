package oauth

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"propusk/idp/directory"
)

var annaSNILS = "11223344595"

// representative is anna, who holds a power of attorney of a company.
func (h *house) represented(change func(*directory.NewPower)) (directory.Person, directory.PowerOfAttorney) {
	h.t.Helper()
	anna, err := h.deps.Directory.CreatePerson(h.t.Context(), directory.NewPerson{
		LastName: "Счетова", FirstName: "Анна", SNILS: annaSNILS, NumbersVerified: true, Email: "anna@example.org", EmailVerified: true,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return anna, h.power(h.romashka, change)
}

func (h *house) power(o directory.Organisation, change func(*directory.NewPower)) directory.PowerOfAttorney {
	h.t.Helper()
	n := directory.NewPower{
		Form: directory.PowerMachine, Status: directory.PowerActive, Powers: []string{"CAB_MEMBERS_VIEW"},
		Representative: directory.Representative{Kind: directory.RepresentsPerson, LastName: "Счетова", FirstName: "Анна", SNILS: annaSNILS},
		IssuedOn:       h.clock.Now().Format(time.DateOnly), Until: h.clock.Now().AddDate(0, 1, 0).Format(time.DateOnly),
	}
	if change != nil {
		change(&n)
	}
	p, err := h.deps.Directory.AddPower(h.t.Context(), directory.System(), o.ID, n)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

func TestATokenByPowerOfAttorneySaysSo(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		anna, p := h.represented(func(n *directory.NewPower) { n.Limits.Reports = []string{"NO_NDS"} })
		second := h.power(h.romashka, func(n *directory.NewPower) {
			n.Powers, n.Until = []string{"CAB_FILINGS_VIEW"}, h.clock.Now().AddDate(0, 0, 3).Format(time.DateOnly)
		})
		as := func(a *Approval) { a.PersonID = anna.ID }
		got := h.signedIn(c, nil, as)
		token := h.claims(got)
		want := []string{"filings:read", "members:read", "organization:read"}
		if token.Power == nil || token.Power.ID != p.ID || token.Power.Number != p.Number || !slices.Equal(token.Power.Limits.Reports, []string{"NO_NDS"}) ||
			len(token.Power.Others) != 1 || token.Power.Others[0].ID != second.ID {
			t.Errorf("poa %+v", token.Power)
		}
		if !slices.Equal(token.Permissions, want) || token.Roles == nil || len(token.Roles) != 0 || token.MemberVersion != 1 {
			t.Errorf("permissions %v, roles %v, mv %d", token.Permissions, token.Roles, token.MemberVersion)
		}
		if id := h.idClaims(got); id.Power == nil || id.Power.ID != p.ID {
			t.Errorf("ID token's poa: %+v", id.Power)
		}
	})
}

func TestATokenDiesWithItsPowerAndARefreshReadsItAnew(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		anna, p := h.represented(nil)
		as := func(a *Approval) { a.PersonID = anna.ID }
		got := h.signedIn(c, nil, as)
		other := h.power(h.romashka, func(n *directory.NewPower) { n.Powers = []string{"CAB_FILINGS_VIEW"} })
		if !h.active(c, got.text("access_token")) {
			t.Fatal("a token by power is not live")
		}
		if _, err := h.deps.Directory.RevokePower(t.Context(), directory.System(), h.romashka.ID, p.ID, "", nil); err != nil {
			t.Fatal(err)
		}
		if h.active(c, got.text("access_token")) {
			t.Error("the token outlives its power")
		}
		second := h.post(h.Token, c, refreshing(got.text("refresh_token"), nil))
		if second.status != http.StatusOK {
			t.Fatalf("refresh by the other power: %d %v", second.status, second.body)
		}
		if token := h.claims(second); token.Power == nil || token.Power.ID != other.ID || slices.Contains(token.Permissions, "members:read") || token.MemberVersion != 2 {
			t.Errorf("after a refresh: %+v, %v", token.Power, token.Permissions)
		}
		if _, err := h.deps.Directory.RevokePower(t.Context(), directory.System(), h.romashka.ID, other.ID, "", nil); err != nil {
			t.Fatal(err)
		}
		h.refused("a refresh without a power", h.post(h.Token, c, refreshing(second.text("refresh_token"), nil)), http.StatusBadRequest, "invalid_grant")
	})
}

func TestATokenByPowerDoesNotOutliveThePower(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		anna, p := h.represented(func(n *directory.NewPower) { n.Until = h.clock.Now().AddDate(0, 0, 1).Format(time.DateOnly) })
		h.clock.Advance(p.ValidUntil.Time().Sub(h.clock.Now()) - 90*time.Second)
		got := h.signedIn(c, nil, func(a *Approval) { a.PersonID = anna.ID })
		if token := h.claims(got); token.ExpiresAt != p.ValidUntil.Time().Unix() || got.body["expires_in"] != float64(90) {
			t.Errorf("exp %d, expires_in %v; the power ends at %d", token.ExpiresAt, got.body["expires_in"], p.ValidUntil.Time().Unix())
		}
	})
}

func TestAMembershipWinsOverAPowerInTokens(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		anna, _ := h.represented(nil)
		as := func(a *Approval) { a.PersonID = anna.ID }
		byPower := h.signedIn(c, nil, as)
		m := h.join(h.romashka, anna, directory.Observer)
		if token := h.claims(h.signedIn(c, nil, as)); token.Power != nil || !slices.Equal(token.Roles, []string{"observer"}) {
			t.Errorf("a member's token: poa %+v, roles %v", token.Power, token.Roles)
		}
		if h.active(c, byPower.text("access_token")) {
			t.Error("introspection takes a token by power of who is a member now")
		}
		if err := h.deps.Directory.RemoveMember(t.Context(), directory.System(), h.romashka.ID, m.ID, nil); err != nil {
			t.Fatal(err)
		}
		fresh := h.signedIn(c, nil, as)
		if token := h.claims(fresh); token.Power == nil || !h.active(c, fresh.text("access_token")) {
			t.Errorf("membership removed, power kept: poa %+v", token.Power)
		}
	})
}

func TestAPowerIsNoWayIntoASecondOrganisation(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		anna, _ := h.represented(nil)
		got := h.signedIn(c, nil, func(a *Approval) { a.PersonID = anna.ID })
		h.refused("another organisation's token", h.post(h.Token, c, refreshing(got.text("refresh_token"), with{"organization": h.vasilek.ID})),
			http.StatusBadRequest, "invalid_target")
	})
}
