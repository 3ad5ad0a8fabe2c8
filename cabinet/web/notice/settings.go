package notice

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// channels outside the cabinet, in the order in which they are shown.
var channels = []string{"email", "push", "sms"}

// board is a page of settings: the person's own, or the organisation's.
type board struct {
	api, path string
	title     string
	personal  bool
}

var (
	own    = board{"/notices/settings", "/cabinet/notices/settings", "notices.settings.title", true}
	common = board{"/organization/notice-settings", "/cabinet/notices/organisation", "notices.organisation.title", false}
)

type settingsView struct {
	Tabs       []pages.NavItem
	Path       string
	Personal   bool
	May        bool
	Lack       *pages.Lack
	Origin     string
	Channels   []string // in words
	Rows       []categoryRow
	Thresholds []thresholdView
	Types      []typeGroup
	Quiet      quiet
	Digest     digest
	Zone       string
	Zones      []pages.Option
	Every      []pages.Option
	Weekdays   []pages.Option
	Etag       string
}

type categoryRow struct {
	Label string
	Boxes []box
}

type box struct {
	Name, Value, Label string
	Checked            bool
}

type thresholdView struct {
	Name, Label, Value string
	Options            []pages.Option
}

type typeGroup struct {
	Label string
	Boxes []box
	Muted int
}

// zones that are offered: those of Russia, by the clock on the wall.
var zones = []string{
	"Europe/Kaliningrad", "Europe/Moscow", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk", "Asia/Krasnoyarsk",
	"Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan", "Asia/Kamchatka",
}

// show draws the settings as they hold.
func (b board) show(v *desk.Visit) error {
	known, tag, err := b.read(v)
	if err != nil {
		return err
	}
	if form := v.Draft(); form != nil {
		known.input, tag = readForm(form), form.Get("etag")
	}
	return b.page(v, http.StatusOK, known, tag)
}

func (b board) read(v *desk.Visit) (known settings, tag string, err error) {
	err = v.Get(b.api, nil, &known, desk.ETag(&tag))
	return known, tag, err
}

func (b board) page(v *desk.Visit, status int, s settings, tag string, errs ...pages.FieldError) error {
	view := settingsView{Tabs: tabs(v), Path: b.path, Personal: b.personal, May: b.personal, Origin: s.Origin, Etag: tag, Zone: s.TimeZone}
	for _, offer := range v.Offers(s.Actions, desk.Offer{Action: "change", Act: pages.Act{Title: "notices.save"}}) {
		view.May, view.Lack = offer.Lack == nil, offer.Lack
	}
	view.matrix(v, s)
	view.hours(v, s)
	if err := view.types(v, s); err != nil {
		return err
	}
	return v.Page(status, "notices_settings.html", b.title, view, errs...)
}

// matrix is categories by channels, with the threshold of each channel.
func (s *settingsView) matrix(v *desk.Visit, known settings) {
	for _, c := range known.Categories {
		line := categoryRow{Label: c.Label}
		for _, channel := range channels {
			line.Boxes = append(line.Boxes, box{
				Name: "channel-" + channel, Value: c.Category, Checked: slices.Contains(known.Channels[channel], c.Category),
				Label: c.Label + ": " + v.T("notices.channel."+channel),
			})
		}
		s.Rows = append(s.Rows, line)
	}
	for _, channel := range channels {
		s.Channels = append(s.Channels, v.T("notices.channel."+channel))
		t := thresholdView{Name: "threshold-" + channel, Label: v.T("notices.threshold." + channel), Value: known.Thresholds[channel]}
		for _, name := range importances {
			t.Options = append(t.Options, pages.Option{Value: name, Label: v.T("notices.from." + name)})
		}
		s.Thresholds = append(s.Thresholds, t)
	}
}

// hours are the quiet ones and the digest's.
func (s *settingsView) hours(v *desk.Visit, known settings) {
	if known.QuietHours != nil {
		s.Quiet = *known.QuietHours
	}
	if known.Digest != nil {
		s.Digest = *known.Digest
	}
	for _, name := range []string{"", "day", "week"} {
		s.Every = append(s.Every, pages.Option{Value: name, Label: v.T("notices.digest.every" + name)})
	}
	for day := 1; day <= 7; day++ {
		number := strconv.Itoa(day)
		s.Weekdays = append(s.Weekdays, pages.Option{Value: number, Label: v.T("notices.weekday." + number)})
	}
	offered := zones
	if known.TimeZone != "" && !slices.Contains(zones, known.TimeZone) {
		offered = append([]string{known.TimeZone}, zones...)
	}
	for _, zone := range offered {
		label := zone
		if slices.Contains(zones, zone) {
			label = v.T("notices.zone." + strings.ReplaceAll(zone, "/", "."))
		}
		s.Zones = append(s.Zones, pages.Option{Value: zone, Label: label})
	}
}

// types are the single events, each of which can be silenced.
func (s *settingsView) types(v *desk.Visit, known settings) error {
	var found struct {
		Types []eventType `json:"types"`
	}
	if err := v.Get("/notices/types", nil, &found); err != nil {
		return err
	}
	for _, c := range known.Categories {
		group := typeGroup{Label: c.Label}
		for _, one := range found.Types {
			if one.Category != c.Category {
				continue
			}
			muted := slices.Contains(known.MutedTypes, one.Type)
			group.Boxes = append(group.Boxes, box{Name: "muted", Value: one.Type, Label: one.Label, Checked: muted})
			if muted {
				group.Muted++
			}
		}
		if len(group.Boxes) > 0 {
			s.Types = append(s.Types, group)
		}
	}
	return nil
}

// readForm is the form in the API's terms. Quiet hours or a digest without a time are
// none.
func readForm(form url.Values) input {
	in := input{
		Channels: map[string][]string{}, Thresholds: map[string]string{}, MutedTypes: append([]string{}, form["muted"]...), TimeZone: form.Get("time_zone"),
	}
	for _, channel := range channels {
		in.Channels[channel] = append([]string{}, form["channel-"+channel]...)
		if threshold := form.Get("threshold-" + channel); threshold != "" {
			in.Thresholds[channel] = threshold
		}
	}
	if from, to := clock(form.Get("quiet_from")), clock(form.Get("quiet_to")); from != "" || to != "" {
		in.QuietHours = &quiet{from, to}
	}
	if every := form.Get("digest_every"); every != "" {
		in.Digest = &digest{Every: every, At: clock(form.Get("digest_at"))}
		if every == "week" {
			in.Digest.Weekday, _ = strconv.Atoi(form.Get("digest_weekday"))
		}
	}
	return in
}

// clock is a time of day as the API writes it: browsers may add seconds.
func clock(text string) string {
	text = strings.TrimSpace(text)
	if len(text) == len("08:00:00") {
		return text[:5]
	}
	return text
}

// settingFields are the API's names of what the form sets, and the fields of the form.
var settingFields = map[string]string{
	"quiet_hours": "quiet_from", "quiet_hours/from": "quiet_from", "quiet_hours/to": "quiet_to",
	"digest": "digest_every", "digest/every": "digest_every", "digest/at": "digest_at", "digest/weekday": "digest_weekday", "time_zone": "time_zone",
}

// save replaces the settings.
func (b board) save(v *desk.Visit) error {
	form := v.Form()
	in := readForm(form)
	err := v.Put(b.api, in, nil, desk.IfMatch(form.Get("etag")))
	if err == nil {
		return v.Done(b.path, "notices.done.settings")
	}
	names := make([]string, 0, len(settingFields))
	for name := range settingFields {
		names = append(names, name)
	}
	status, errs, err := v.Faults(err, names...)
	if err != nil {
		return err
	}
	for i := range errs {
		errs[i].Field = settingFields[errs[i].Field]
	}
	known, _, err := b.read(v)
	if err != nil {
		return err
	}
	known.input = in
	return b.page(v, status, known, form.Get("etag"), errs...)
}

// reset drops the settings for those below them.
func (b board) reset(v *desk.Visit) error {
	if err := v.Delete(b.api, nil, nil); err != nil {
		return err
	}
	return v.Done(b.path, "notices.done.reset")
}
