package account

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"time"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/pages"
	"propusk/storage/journal"
)

// record writes what the person did to the system's chain, in the transaction of
// ctx.
func (s *Server) record(ctx context.Context, v *visit, action string, details map[string]string) error {
	err := s.deps.Journal.Append(ctx, journal.Entry{
		Actor: v.Person.ID, Action: action, Object: v.Person.ID, Outcome: "success", Details: details,
	})
	if err != nil {
		return fmt.Errorf("record %s: %w", action, err)
	}
	return nil
}

type journalView struct {
	frame
	Tabs        []pages.NavItem
	Entries     []entryRow
	First, Next string
}

// entryRow is one entry in the person's words.
type entryRow struct {
	At      time.Time
	Title   string
	Outcome pages.Tag
	Device  string
	IP      string
	Strange bool // an address that this session does not come from
}

// journalPage is how many entries stand on one page.
const journalPage = 30

// shown are the entries of each tab, by the beginning of their action.
var shown = []struct{ name, prefix string }{{"signin", "signin."}, {"all", ""}}

// journal lists what the system's chain holds of the person: the tries to sign
// in, right and wrong, and what was changed in the account.
func (s *Server) journal(v *visit) error {
	filter := journal.Filter{Actor: v.Person.ID, Action: shown[0].prefix, Limit: journalPage + 1}
	tab := shown[0].name
	for _, one := range shown {
		if one.name == v.QueryParam("show") {
			tab, filter.Action = one.name, one.prefix
		}
	}
	if filter.Before = s.cursor(v); filter.Before < 0 {
		return browser.Malformed("the place in the list")
	}
	entries, err := s.deps.Journal.List(v.ctx(), filter)
	if err != nil {
		return err
	}
	view := journalView{frame: frame{v.notice()}}
	for _, one := range shown {
		view.Tabs = append(view.Tabs, pages.NavItem{Title: "account.journal." + one.name, URL: "/account/journal?show=" + one.name, Current: one.name == tab})
	}
	if filter.Before > 0 {
		view.First = "/account/journal?show=" + tab
	}
	if len(entries) > journalPage {
		entries = entries[:journalPage]
		view.Next = "/account/journal?show=" + tab + "&before=" + s.sealedCursor(v, entries[journalPage-1].Seq)
	}
	for _, e := range entries {
		view.Entries = append(view.Entries, v.entry(e))
	}
	return v.page(http.StatusOK, "account_journal.html", "account.place.journal", view)
}

// A place in the list is a number of the house's chain, which would tell how
// much goes on in the house; so it travels sealed.
func (s *Server) sealedCursor(v *visit, seq int64) string {
	sealed := s.deps.Sealer.Seal(binary.BigEndian.AppendUint64(nil, uint64(seq)), cursorContext(v))
	return base64.RawURLEncoding.EncodeToString(sealed)
}

// cursor is 0 without a place, and negative for one that we did not give.
func (s *Server) cursor(v *visit) int64 {
	text := v.QueryParam("before")
	if text == "" {
		return 0
	}
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return -1
	}
	plain, err := s.deps.Sealer.Open(sealed, cursorContext(v))
	if err != nil || len(plain) != 8 {
		return -1
	}
	return int64(binary.BigEndian.Uint64(plain))
}

func cursorContext(v *visit) string { return "account/journal/" + v.Person.ID }

// entry puts an entry into words. An action that has none is shown by its name.
func (v *visit) entry(e journal.Entry) entryRow {
	row := entryRow{
		At: e.At.Time(), Title: e.Action, IP: e.IP, Outcome: outcome(e.Outcome),
		Strange: strings.HasPrefix(e.Action, "signin.") && e.IP != "" && e.IP != journal.From(v.ctx()).IP,
	}
	if key := "account.event." + e.Action; v.t(key) != key {
		row.Title = v.t(key)
	}
	if e.UserAgent != "" {
		row.Device = directory.DeviceName(e.UserAgent, v.lang)
	}
	return row
}

// outcome is how an act ended, as a tag.
func outcome(how string) pages.Tag {
	switch how {
	case "accepted", "success":
		return pages.Tag{Kind: "go", Text: "account.outcome.done"}
	case "wrong", "refused", "locked", "blocked", "unknown":
		return pages.Tag{Kind: "stop", Text: "account.outcome." + how}
	default:
		return pages.Tag{Text: fmt.Sprint(how)}
	}
}
