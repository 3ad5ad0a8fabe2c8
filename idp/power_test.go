package idp

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"propusk/idp/directory"
)

// powerOf gives pavel, who is no member of north, a power of attorney of it.
func (h *house) powerOf() directory.PowerOfAttorney {
	h.t.Helper()
	const snils = "15376847200"
	h.check(h.directory.VerifyNumbers(h.ctx(), directory.System(), h.pavel.ID, snils, ""))
	p, err := h.directory.AddPower(h.ctx(), directory.System(), h.north.ID, directory.NewPower{
		Form: directory.PowerMachine, Status: directory.PowerActive, Powers: []string{"CAB_MEMBERS_VIEW"},
		Representative: directory.Representative{Kind: directory.RepresentsPerson, LastName: "Орлов", FirstName: "Павел", SNILS: snils},
		IssuedOn:       h.clock.Now().Format(time.DateOnly), Until: h.clock.Now().AddDate(0, 0, 30).Format(time.DateOnly),
	})
	h.check(err)
	return p
}

func TestARepresentativeSignsInThroughAPower(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		v := h.visitor()
		p := h.powerOf()
		last, err := time.Parse(time.DateOnly, p.LastDay())
		h.check(err)
		page := v.signInPavel(v.begin("app")).is("/signin/organisation")
		page.says("АО «Южный порт»").says("ООО «Северный маяк»").says("по доверенности № " + p.Number + " до " + last.Format("02.01.2006"))
		got := h.redeem("app", h.appSecret, v.choose(page, h.north.ID).lead())
		token := claims(t, got.AccessToken)
		power, _ := token["poa"].(map[string]any)
		if power["id"] != p.ID || power["number"] != p.Number || power["until"] != float64(p.ValidUntil.Time().Unix()) {
			t.Errorf("poa %v", token["poa"])
		}
		roles, there := token["roles"].([]any)
		if permissions, _ := token["permissions"].([]any); !there || len(roles) != 0 ||
			!slices.Equal(permissions, []any{"members:read", "organization:read"}) {
			t.Errorf("roles %v, permissions %v", token["roles"], token["permissions"])
		}

		_, err = h.directory.RevokePower(h.ctx(), directory.System(), h.north.ID, p.ID, "", nil)
		h.check(err)
		again := h.exchange("app", h.appSecret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got.RefreshToken}})
		if again.Status != 400 {
			t.Errorf("a refresh after the revocation: %d", again.Status)
		}
		v.begin("app", "organization", h.north.ID, "prompt", "none").refused("login_required")
	})
}

// A power that ends between the choice and the code ends the choice.
func TestARevokedPowerGetsNoCode(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	p := h.powerOf()
	page := v.choose(v.signInPavel(v.begin("theirs")).is("/signin/organisation"), h.north.ID).is("/signin/consent")
	_, err := h.directory.RevokePower(h.ctx(), directory.System(), h.north.ID, p.ID, "", nil)
	h.check(err)
	v.submit(page, "/signin/consent", "decision", "accept").is("/signin/organisation")
}
