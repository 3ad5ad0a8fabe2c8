package oauth

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/storage"
)

func TestAnOrganisationSeesAndEndsWhatIsOpenInItsName(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		session := storage.NewID()
		begun := h.now()
		first := h.signedIn(c, nil, func(a *Approval) { a.SessionID = session })
		h.clock.Advance(time.Minute)
		admins := h.signedIn(c, nil, func(a *Approval) { a.PersonID = h.admin.ID })
		list := func(organisationID string, f AccessFilter) []Access {
			t.Helper()
			f.Limit = 10
			got, err := h.Accesses(t.Context(), organisationID, f)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		all := list(h.romashka.ID, AccessFilter{})
		if len(all) != 2 || all[0].PersonID != h.admin.ID || all[1].PersonID != h.maria.ID {
			t.Fatalf("newest first: %+v", all)
		}
		if a := all[1]; a.SessionID != session || a.ClientName != c.Name || a.ACR != directory.ACRTwoFactors || a.CreatedAt != begun {
			t.Errorf("an access: %+v", a)
		}
		if next := list(h.romashka.ID, AccessFilter{BeforeAt: all[0].CreatedAt, BeforeID: all[0].ID}); len(next) != 1 || next[0].ID != all[1].ID {
			t.Errorf("the page after: %+v", next)
		}
		if mine := list(h.romashka.ID, AccessFilter{PersonID: h.maria.ID}); len(mine) != 1 {
			t.Errorf("of one person: %+v", mine)
		}
		if other := list(h.vasilek.ID, AccessFilter{}); len(other) != 0 {
			t.Errorf("another organisation sees %+v", other)
		}
		if _, err := h.EndAccess(t.Context(), h.vasilek.ID, all[0].ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("another organisation ends it: %v", err)
		}
		whose, err := h.EndAccess(t.Context(), h.romashka.ID, all[0].ID)
		if err != nil || whose != h.admin.ID || h.active(c, admins.text("access_token")) || !h.active(c, first.text("access_token")) {
			t.Errorf("whose %q, %v", whose, err)
		}
		if _, err := h.EndAccess(t.Context(), h.romashka.ID, all[0].ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("what has ended ends again: %v", err)
		}
		if got := h.journalled(h.romashka.ID); !slices.Contains(got, "grant.ended ended_by_organisation") {
			t.Errorf("the journal has %q", got)
		}
	})
}

// Codes on their way and refresh tokens end with the accesses of this organisation;
// what the person does for another one goes on.
func TestEndedAccessesLeaveNothingInThatOrganisationAlone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		tokens := h.signedIn(c, with{"scope": "openid offline_access members:read"})
		pending, other := h.code(c, nil), h.code(c, nil)
		if n, err := h.EndAccesses(t.Context(), h.vasilek.ID, h.maria.ID); err != nil || n != 0 || !h.active(c, tokens.text("access_token")) {
			t.Errorf("by another organisation: %d, %v", n, err)
		}
		if a := h.post(h.Token, c, redeeming(other, nil)); a.status != http.StatusOK {
			t.Errorf("a code on its way, after another organisation's were ended: %d %v", a.status, a.body)
		}
		if n, err := h.EndAccesses(t.Context(), h.romashka.ID, h.maria.ID); err != nil || n != 2 || h.active(c, tokens.text("access_token")) {
			t.Errorf("ended %d, %v", n, err)
		}
		h.refused("a code on its way", h.post(h.Token, c, redeeming(pending, nil)), http.StatusBadRequest, "invalid_grant")
		h.refused("a refresh", h.post(h.Token, c, refreshing(tokens.text("refresh_token"), nil)), http.StatusBadRequest, "invalid_grant")
	})
}
