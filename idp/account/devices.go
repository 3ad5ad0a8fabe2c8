package account

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"propusk/idp/directory"
	"propusk/idp/oauth"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/storage"
)

type devicesView struct {
	frame
	Sessions []pages.Held
	Others   int // sessions beside this one
	Devices  []pages.Held
}

// devices lists where the person is signed in, and the browsers that are known.
func (s *Server) devices(v *visit) error {
	sessions, err := s.deps.Sessions.OfPerson(v.ctx(), v.Person.ID)
	if err != nil {
		return err
	}
	grants, err := s.deps.Provider.Grants(v.ctx(), v.Person.ID)
	if err != nil {
		return err
	}
	known, err := s.deps.Devices.List(v.ctx(), v.Person.ID)
	if err != nil {
		return fmt.Errorf("list devices: %w", err)
	}
	slices.SortStableFunc(sessions, func(a, b session.Session) int { // this one first
		return cmp.Compare(v.distance(a), v.distance(b))
	})
	view := devicesView{frame: frame{v.notice()}, Others: len(sessions) - 1}
	for _, one := range sessions {
		view.Sessions = append(view.Sessions, v.heldSession(one, grants))
	}
	for _, one := range known {
		view.Devices = append(view.Devices, v.heldDevice(one))
	}
	return v.page(http.StatusOK, "account_devices.html", "account.place.devices", view)
}

// distance is 0 for the session of this browser, 1 for any other.
func (v *visit) distance(one session.Session) int {
	if one.ID == v.Session.ID {
		return 0
	}
	return 1
}

// heldSession is a session: device, place, time, factors, applications.
func (v *visit) heldSession(one session.Session, grants []oauth.Grant) pages.Held {
	line := pages.Held{
		Icon: "device", Title: directory.DeviceName(one.UserAgent, v.lang),
		Facts: []pages.Fact{
			{Label: "account.place", Text: v.place(one.IP, one.Country)},
			{Label: "account.session.began", At: one.CreatedAt.Time()},
			{Label: "account.session.seen", At: one.SeenAt.Time()},
			{Label: "account.session.factors", Text: v.factors(one)},
		},
	}
	if names := v.applicationsOf(one.ID, grants); names != "" {
		line.Facts = append(line.Facts, pages.Fact{Label: "account.session.applications", Text: names})
	}
	if one.ID == v.Session.ID {
		line.Tags = []pages.Tag{{Kind: "go", Text: "account.session.this"}}
		return line
	}
	line.Acts = []pages.Act{{
		Title: "account.session.end", URL: "/account/sessions/" + one.ID + "/end", Post: true, About: line.Title,
	}}
	return line
}

func (v *visit) place(ip, country string) string {
	switch {
	case country != "" && ip != "":
		return country + ", " + ip
	case ip != "":
		return ip
	default:
		return v.t("account.place.unknown")
	}
}

// factors are the session's proofs in words, in the order in which they were given.
func (v *visit) factors(one session.Session) string {
	proofs := slices.Clone(one.Proofs.V)
	slices.SortFunc(proofs, func(a, b session.Proof) int { return int(a.At - b.At) })
	var names []string
	for _, p := range proofs {
		names = append(names, v.t("account.factor."+string(p.Factor)))
	}
	return strings.Join(names, ", ")
}

// applicationsOf are the applications that hold something from the session.
func (v *visit) applicationsOf(sessionID string, grants []oauth.Grant) string {
	var names []string
	for _, g := range grants {
		if name := v.named(g.ClientName, g.ClientNameEN); g.SessionID == sessionID && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// named is an application's name in the page's language.
func (v *visit) named(name, english string) string {
	if v.lang == "en" && english != "" {
		return english
	}
	return name
}

func (v *visit) heldDevice(d directory.Device) pages.Held {
	line := pages.Held{
		Icon: "device", Title: directory.DeviceName(d.UserAgent, v.lang),
		Facts: []pages.Fact{
			{Label: "account.place", Text: v.place(d.IP, d.Country)},
			{Label: "account.device.since", At: d.CreatedAt.Time()},
			{Label: "account.session.seen", At: d.SeenAt.Time()},
		},
	}
	if d.ID == v.Session.DeviceID {
		line.Tags = append(line.Tags, pages.Tag{Kind: "go", Text: "account.device.this"})
	}
	if d.Trusted(v.s.now()) {
		line.Tags = append(line.Tags, pages.Tag{Kind: "info", Text: "account.device.trusted"})
		line.Facts = append(line.Facts, pages.Fact{Label: "account.device.until", At: d.TrustedUntil.Time()})
	}
	line.Acts = []pages.Act{{
		Title: "account.device.forget", URL: "/account/devices/" + d.ID + "/forget", Post: true, Stop: true,
		Ask: "account.device.forget.ask", About: line.Title,
	}}
	return line
}

// endSession ends another of the person's sessions, with what applications got
// from it. This one ends by signing out.
func (s *Server) endSession(v *visit) error {
	id := v.Param("id")
	sessions, err := s.deps.Sessions.OfPerson(v.ctx(), v.Person.ID)
	if err != nil {
		return err
	}
	own := slices.ContainsFunc(sessions, func(one session.Session) bool { return one.ID == id && id != v.Session.ID })
	if !own {
		return fmt.Errorf("session of the path: %w", storage.ErrNotFound)
	}
	err = s.deps.DB.Tx(v.ctx(), func(ctx context.Context) error {
		if err := s.deps.Sessions.Drop(ctx, id); err != nil {
			return err
		}
		return s.record(ctx, v, "session.ended", map[string]string{"session": id})
	})
	if err != nil {
		return err
	}
	return v.done("/account/devices", "session")
}

// endSessions ends all of the person's sessions but this one.
func (s *Server) endSessions(v *visit) error {
	err := s.deps.DB.Tx(v.ctx(), func(ctx context.Context) error {
		n, err := s.deps.Sessions.DropOfPerson(ctx, v.Person.ID, v.Session.ID)
		if err != nil || n == 0 {
			return err
		}
		return s.record(ctx, v, "session.others_ended", map[string]string{"number": strconv.Itoa(n)})
	})
	if err != nil {
		return err
	}
	return v.done("/account/devices", "sessions")
}

// forgetDevice makes one of the person's devices a strange one, and ends the
// sessions that a trust in it opened.
func (s *Server) forgetDevice(v *visit) error {
	err := s.withdrawing(v, func(ctx context.Context) error {
		return s.deps.Devices.Forget(ctx, v.Person.ID, v.Param("id"))
	}, by(session.Device, v.Param("id")))
	if err != nil {
		return err
	}
	return v.done("/account/devices", "device")
}

// forgetDevices makes all of them strange but this one.
func (s *Server) forgetDevices(v *visit) error {
	err := s.withdrawing(v, func(ctx context.Context) error {
		return s.deps.Devices.ForgetAll(ctx, v.Person.ID, v.Session.DeviceID)
	}, anyBy(session.Device))
	if err != nil {
		return err
	}
	return v.done("/account/devices", "devices")
}
