package client

import (
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// Core §8.1: the attack of a former member: an application that a sector has let go
// goes on learning the names by which the sector's others know people.
func TestASectorThatLetsAnApplicationGoEndsItADayLater(t *testing.T) {
	t.Parallel()
	var file, asked atomic.Value
	file.Store(`["https://a.example/cb","https://b.example/cb"]`)
	asked.Store(0)
	h, server := sectorHouse(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Store(asked.Load().(int) + 1)
		if text := file.Load().(string); text != "" {
			_, _ = w.Write([]byte(text))
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	owned := pairwise(server.URL)
	owned.OrganisationID = h.romashka.ID
	c, _, err := h.Create(t.Context(), owned)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.Create(t.Context(), pairwise(server.URL)); err != nil {
		t.Fatal(err)
	}
	look := func(later time.Duration, status Status, left bool) {
		t.Helper()
		h.clock.Advance(later)
		before := asked.Load().(int)
		if err := h.RecheckSectors(t.Context()); err != nil {
			t.Fatal(err)
		}
		now, err := h.Find(t.Context(), c.ID)
		if err != nil || now.Status != status || (now.SectorLeftAt != 0) != left {
			t.Errorf("%s, left at %v, %v", now.Status, now.SectorLeftAt, err)
		}
		if n := asked.Load().(int) - before; n > 1 {
			t.Errorf("one file was read %d times", n)
		}
	}
	look(time.Hour, StatusActive, false)
	file.Store("") // a server that is down says nothing, however long
	look(time.Hour, StatusActive, false)
	look(48*time.Hour, StatusActive, false)
	file.Store(`["https://a.example/cb"]`)
	look(time.Hour, StatusActive, true)
	look(23*time.Hour, StatusActive, true)
	file.Store(`["https://b.example/cb","https://a.example/cb"]`) // a mistake, mended
	look(time.Hour, StatusActive, false)
	file.Store(`[]`)
	look(time.Hour, StatusActive, true)
	look(24*time.Hour, StatusDisabled, true)
	look(time.Hour, StatusDisabled, true)
	actions := h.journalled(h.romashka.ID)
	if want := []string{"client.sector_left", "client.sector_returned", "client.sector_left", "client.sector_disabled"}; !slices.Equal(actions[len(actions)-4:], want) {
		t.Errorf("the journal says %q", actions)
	}
	var revoked int64
	if err := h.db.Get(t.Context(), &revoked, `SELECT COUNT(*) FROM revocations WHERE kind = 'client' AND subject = $1`, c.ID); err != nil || revoked != 1 {
		t.Errorf("its tokens still count: %d, %v", revoked, err)
	}
}
