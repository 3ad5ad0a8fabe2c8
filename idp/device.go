package idp

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/idp/unusual"
	"propusk/storage/journal"
)

// What is known of the browser's device, and where it is.

// keepDevice is how long a browser keeps the device's cookie; browsers cut off
// what is longer (RFC 6265bis §5.5).
const keepDevice = 400 * 24 * time.Hour

// device finds the person's device in this browser. It is looked for in the
// same way for nobody (""), so that a login that exists takes no longer.
func (s *Server) device(c echo.Context, personID string) (directory.Device, bool, error) {
	cookie := browser.KeptCookie(c.Request(), browser.CookieDevice)
	device, known, err := s.deps.Devices.Known(c.Request().Context(), personID, cookie)
	if err != nil {
		return device, false, fmt.Errorf("look for device: %w", err)
	}
	return device, known, nil
}

// guess says whose factor is tried in this turn, and on which device.
func (t *turn) guess() factor.Guess {
	return factor.Guess{PersonID: t.person.ID, Device: t.device.ID}
}

// place is where the request comes from, as far as that is known. A database
// that cannot be read must keep nobody out.
func (s *Server) place(c echo.Context) unusual.Place {
	place, err := s.deps.Unusual.Find(browser.IP(c.Request()))
	if err != nil {
		s.deps.Log.WarnContext(c.Request().Context(), "the place of an address is not known", "err", err)
	}
	return place
}

// where says from where a proof comes, for the owner's list of sessions.
func (s *Server) where(c echo.Context, deviceID string) session.Where {
	from := journal.From(c.Request().Context())
	return session.Where{DeviceID: deviceID, IP: from.IP, UserAgent: from.UserAgent, Country: s.place(c).Country}
}

// unusual names what is odd about the identification of personID just now.
func (s *Server) unusual(c echo.Context, personID string, known bool) ([]string, error) {
	ctx := c.Request().Context()
	devices, err := s.deps.Devices.List(ctx, personID)
	if err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	return s.deps.Unusual.Reasons(ctx, unusual.SignIn{
		PersonID: personID, Known: known, First: len(devices) == 0, Place: s.place(c), At: s.now(),
	})
}

// remember makes the browser known to the person who has just signed in in full,
// trusts it when that was asked for, and tells the person of what was unusual.
func (s *Server) remember(c echo.Context, t *turn) error {
	if err := s.settleUnusual(c, t); err != nil {
		return err
	}
	if t.Progress.IdentifiedAt == 0 {
		return nil // nobody proved anything here: the device is known already, or was forgotten
	}
	ctx, place, before := c.Request().Context(), s.place(c), browser.KeptCookie(c.Request(), browser.CookieDevice)
	err := s.deps.DB.Tx(ctx, func(ctx context.Context) error {
		visit := s.where(c, "")
		cookie, device, err := s.deps.Devices.Remember(ctx, t.person.ID, before,
			factor.Visit{UserAgent: visit.UserAgent, IP: visit.IP, Country: visit.Country})
		if err != nil {
			return fmt.Errorf("remember device: %w", err)
		}
		if cookie != before {
			s.deps.DB.AfterCommit(ctx, func() { browser.KeepCookie(c.Response(), browser.CookieDevice, cookie, keepDevice) })
		}
		if err := s.sessions.OnDevice(ctx, t.session, device.ID); err != nil {
			return err
		}
		if t.Progress.Trust && s.mayTrust(t) {
			if _, err := s.deps.Devices.Trust(ctx, t.person.ID, device.ID); err != nil {
				return fmt.Errorf("trust device: %w", err)
			}
		}
		return s.deps.Unusual.Remember(ctx, unusual.SignIn{PersonID: t.person.ID, Place: place, At: s.now()})
	})
	return err
}

// mayTrust tells that the device may be trusted: the sign-in took two factors,
// and no organisation forbids it.
func (s *Server) mayTrust(t *turn) bool {
	if t.situation.Organisation != nil && !t.situation.Organisation.Policy.TrustedDevices {
		return false
	}
	return shown(t.situation, s.deps.Now()).Level >= session.Two
}

// settleUnusual strikes out what was unusual about the session and writes it to
// the journal, once. The directory has told of a new device already.
func (s *Server) settleUnusual(c echo.Context, t *turn) error {
	ctx, odd := c.Request().Context(), t.session.Unusual.V
	if len(odd) == 0 {
		return nil
	}
	return s.deps.DB.Tx(ctx, func(ctx context.Context) error {
		err := s.deps.Directory.RecordUnusual(ctx, t.person.ID, directory.UnusualSignIn{
			Reasons: odd, UserAgent: journal.From(ctx).UserAgent, Place: s.place(c).Name(),
			Known: !slices.Contains(odd, pages.UnusualCountry) && !slices.Contains(odd, pages.UnusualTravel),
		})
		if err != nil {
			return err
		}
		return s.sessions.Usual(ctx, t.session)
	})
}

// byDevice lets a trusted device stand in for the second factor.
func (s *Server) byDevice(c echo.Context, t *turn) error {
	if err := s.recordProof(c, t, t.person.ID, session.Device, outcomeAccepted); err != nil {
		return err
	}
	if err := s.strengthen(c, t, session.Proof{Factor: session.Device, Credential: t.device.ID}); err != nil {
		return err
	}
	return browser.SeeOther(c, dispatcher(t.attempt))
}
