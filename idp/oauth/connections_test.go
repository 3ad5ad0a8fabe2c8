package oauth

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/storage"
)

func (h *house) remember(p directory.Person, c caller, o directory.Organisation, scopes ...string) {
	h.t.Helper()
	if err := h.RememberConsent(h.t.Context(), p.ID, c.ID, o.ID, scopes); err != nil {
		h.t.Fatal(err)
	}
}

func TestAPersonSeesWhatHeHasAllowed(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c, other := h.register(Client{Kind: Web, Name: "Учёт", NameEN: "Books", RedirectURIs: []string{callback}, Scope: "openid members:read"}), h.web()
		h.remember(h.maria, c, h.romashka, "openid", "members:read")
		first := h.now()
		h.clock.Advance(time.Minute)
		h.remember(h.maria, other, directory.Organisation{}, "openid")
		h.remember(h.admin, c, h.romashka, "openid")
		got, err := h.Consents(t.Context(), h.maria.ID)
		want := []Consent{
			{ClientID: other.ID, ClientName: other.Name, Scopes: []string{"openid"}, UpdatedAt: h.now()},
			{ClientID: c.ID, ClientName: "Учёт", ClientNameEN: "Books", OrganisationID: h.romashka.ID, Scopes: []string{"openid", "members:read"}, UpdatedAt: first},
		}
		if err != nil || !same(got, want) {
			t.Errorf("%+v, %v", got, err)
		}
		if none, err := h.Consents(t.Context(), "nobody"); err != nil || len(none) != 0 {
			t.Errorf("%v, %v", none, err)
		}
	})
}

func TestAPersonSeesWhichApplicationsHaveAccess(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		begun := h.now()
		session := storage.NewID()
		first := h.claims(h.signedIn(c, with{"scope": "openid offline_access members:read"}, func(a *Approval) { a.SessionID = session }))
		h.clock.Advance(time.Minute)
		ended := h.signedIn(c, nil)
		h.post(h.Revoke, c, parameters(with{"token": ended.text("refresh_token")}))
		h.clock.Advance(time.Minute)
		used := h.post(h.Token, c, refreshing(h.signedIn(c, nil).text("refresh_token"), nil))
		got, err := h.Grants(t.Context(), h.maria.ID)
		if err != nil || len(got) != 2 || got[0].ID != h.claims(used).GrantID {
			t.Fatalf("%+v, %v", got, err)
		}
		want := Grant{
			ID: first.GrantID, ClientID: c.ID, ClientName: c.Name, OrganisationID: h.romashka.ID, SessionID: session,
			Scopes: []string{"openid", "offline_access", "members:read"}, Offline: true,
			CreatedAt: begun, UsedAt: begun, ExpiresAt: begun.Add(30 * 24 * time.Hour),
		}
		if !same(got[1], want) {
			t.Errorf("%+v\nwant\n%+v", got[1], want)
		}
		h.clock.Advance(31 * 24 * time.Hour)
		if got, err := h.Grants(t.Context(), h.maria.ID); err != nil || len(got) != 0 {
			t.Errorf("expired ones are live: %+v, %v", got, err)
		}
	})
}

// What was allowed ends whole: consents of every organisation, codes on their
// way, grants that outlive sessions, and live tokens; of this person and this
// application alone.
func TestAWithdrawnConsentLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c, other := h.web(), h.web()
		h.remember(h.maria, c, h.romashka, "openid")
		h.remember(h.maria, c, h.vasilek, "openid")
		h.remember(h.maria, other, h.romashka, "openid")
		h.remember(h.admin, c, h.romashka, "openid")
		tokens := h.signedIn(c, with{"scope": "openid offline_access members:read"})
		kept := h.signedIn(other, nil)
		adminsToo := h.signedIn(c, nil, func(a *Approval) { a.PersonID = h.admin.ID })
		pending := h.code(c, nil)
		if err := h.WithdrawConsent(t.Context(), h.maria.ID, c.ID); err != nil {
			t.Fatal(err)
		}
		h.refused("a code on its way", h.post(h.Token, c, redeeming(pending, nil)), http.StatusBadRequest, "invalid_grant")
		h.refused("a refresh", h.post(h.Token, c, refreshing(tokens.text("refresh_token"), nil)), http.StatusBadRequest, "invalid_grant")
		if h.active(c, tokens.text("access_token")) || !h.active(other, kept.text("access_token")) || !h.active(c, adminsToo.text("access_token")) {
			t.Error("the wrong tokens are live")
		}
		left, err := h.Consents(t.Context(), h.maria.ID)
		if err != nil || len(left) != 1 || left[0].ClientID != other.ID {
			t.Errorf("left are %+v, %v", left, err)
		}
		if admins, err := h.Consents(t.Context(), h.admin.ID); err != nil || len(admins) != 1 {
			t.Errorf("the other person's: %+v, %v", admins, err)
		}
		if got := h.journalled(h.romashka.ID); !slices.Contains(got, "grant.ended consent_withdrawn") {
			t.Errorf("the organisation's journal has %q", got)
		}
		if got := h.journalled(""); got[len(got)-1] != "consent.withdrawn" {
			t.Errorf("the journal has %q", got)
		}
		written := len(h.journalled(""))
		if err := h.WithdrawConsent(t.Context(), h.maria.ID, c.ID); err != nil || len(h.journalled("")) != written {
			t.Errorf("again: %v, and %d lines more", err, len(h.journalled(""))-written)
		}
	})
}
