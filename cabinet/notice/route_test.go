package notice

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/storage"
)

var noon = time.Date(2026, 10, 20, 9, 0, 0, 0, time.UTC) // 12:00 in Moscow, a Tuesday

func said(ways []way) string {
	var texts []string
	for _, w := range ways {
		text := string(w.channel) + " " + w.state
		if w.due != 0 {
			text += " " + w.due.Time().Format(time.RFC3339)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

func TestWhereAnEventGoes(t *testing.T) {
	t.Parallel()
	night := &Quiet{From: 22 * 60, To: 8 * 60}
	at := func(text string) time.Time { return instant(t, text) }
	for name, tt := range map[string]struct {
		change func(*Settings)
		kind   kind
		now    time.Time
		want   string
	}{
		"a normal filing by default":        {nil, kind{"filing.accepted", Filing, Normal}, noon, "email queued"},
		"a high one also by push":           {nil, kind{"filing.refused", Filing, High}, noon, "email queued, push queued"},
		"a critical deadline by SMS too":    {nil, kind{"filing.overdue", Deadline, Critical}, noon, "email queued, sms queued, push queued"},
		"a critical filing not by SMS":      {nil, kind{"filing.failed", Filing, Critical}, noon, "email queued, push queued"},
		"below every threshold":             {nil, kind{"filing.delivered", Filing, Low}, noon, ""},
		"news by nothing":                   {nil, kind{"news.published", News, High}, noon, ""},
		"a muted type":                      {func(s *Settings) { s.MutedTypes = []string{"filing.refused"} }, kind{"filing.refused", Filing, High}, noon, ""},
		"a category that is off":            {func(s *Settings) { s.Channels[Email] = nil }, kind{"filing.accepted", Filing, Normal}, noon, ""},
		"by night it waits":                 {func(s *Settings) { s.Quiet = night }, kind{"filing.refused", Filing, High}, at("2026-10-20T23:00:00+03:00"), "email waiting 2026-10-21T05:00:00Z, push waiting 2026-10-21T05:00:00Z"},
		"even a critical deadline waits":    {func(s *Settings) { s.Quiet = night }, kind{"filing.overdue", Deadline, Critical}, at("2026-10-20T23:00:00+03:00"), "email waiting 2026-10-21T05:00:00Z, sms waiting 2026-10-21T05:00:00Z, push waiting 2026-10-21T05:00:00Z"},
		"into the digest":                   {func(s *Settings) { s.Digest = &Digest{"day", 18 * 60, 0} }, kind{"filing.accepted", Filing, Normal}, noon, "email digest 2026-10-20T15:00:00Z"},
		"what is high is not gathered":      {func(s *Settings) { s.Digest = &Digest{"day", 18 * 60, 0} }, kind{"filing.refused", Filing, High}, noon, "email queued, push queued"},
		"a digest by night waits":           {func(s *Settings) { s.Digest, s.Quiet = &Digest{"day", 23 * 60, 0}, night }, kind{"filing.accepted", Filing, Normal}, noon, "email digest 2026-10-21T05:00:00Z"},
		"an unknown zone counts as UTC":     {func(s *Settings) { s.TimeZone, s.Quiet = "Mars/Base", night }, kind{"filing.accepted", Filing, Normal}, at("2026-10-20T23:00:00Z"), "email waiting 2026-10-21T08:00:00Z"},
		"a confirmation by push alone":      {nil, kind{ConfirmationRequested, Security, High}, noon, "push queued"},
		"a confirmation by night: never":    {func(s *Settings) { s.Quiet = night }, kind{ConfirmationRequested, Security, High}, at("2026-10-20T23:00:00+03:00"), ""},
		"a confirmation under the bell":     {nil, kind{ConfirmationWaiting, Security, High}, noon, ""},
		"a confirmation that is muted":      {func(s *Settings) { s.MutedTypes = []string{ConfirmationRequested} }, kind{ConfirmationRequested, Security, High}, noon, ""},
		"security that is not critical can": {func(s *Settings) { s.Channels = nil }, kind{"security.account_locked", Security, High}, noon, ""},
	} {
		s := Defaults()
		if tt.change != nil {
			tt.change(&s)
		}
		if got := said(s.routes(tt.kind, tt.now)); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// Nobody switches off the notice that his account was locked, nor whoever has
// taken the account over.
func TestCriticalSecurityCannotBeSilenced(t *testing.T) {
	t.Parallel()
	s := Settings{
		Thresholds: map[Channel]Importance{Email: Critical, SMS: Critical, Push: Critical},
		MutedTypes: []string{"security.account_locked"}, TimeZone: "Europe/Moscow",
		Quiet: &Quiet{From: 0, To: 1439}, Digest: &Digest{"week", 0, 1},
	}
	got := said(s.routes(kind{"security.account_locked", Security, Critical}, noon))
	if want := "email queued, sms queued, push queued"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Every category, importance and channel, against the two rules alone.
func TestEverySwitchAndThresholdIsObeyed(t *testing.T) {
	t.Parallel()
	for _, category := range Categories() {
		for importance := Low; importance <= Critical; importance++ {
			for threshold := Low; threshold <= Critical; threshold++ {
				for _, on := range []bool{true, false} {
					s := Settings{Channels: map[Channel][]Category{}, Thresholds: map[Channel]Importance{}, TimeZone: "UTC"}
					for _, channel := range Channels() {
						s.Thresholds[channel] = threshold
						if on {
							s.Channels[channel] = []Category{category}
						}
					}
					want := 0
					if on && importance >= threshold || category == Security && importance == Critical {
						want = 3
					}
					if got := s.routes(kind{"x.y", category, importance}, noon); len(got) != want {
						t.Errorf("%s %v over %v, on=%t: %d ways, want %d", category, importance, threshold, on, len(got), want)
					}
				}
			}
		}
	}
}

func TestWhatIsWrongWithSettingsIsSaidFieldByField(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		settings Settings
		want     string
	}{
		"nothing at all":   {Settings{TimeZone: "Europe/Moscow"}, ""},
		"the defaults":     {Defaults(), ""},
		"zone":             {Settings{TimeZone: "Moscow"}, "/time_zone unknown"},
		"the machine's":    {Settings{TimeZone: "Local"}, "/time_zone unknown"},
		"a path as a zone": {Settings{TimeZone: "../../etc/passwd"}, "/time_zone unknown"},
		"channel":          {Settings{TimeZone: "UTC", Channels: map[Channel][]Category{"fax": {}}}, "/channels/fax unknown"},
		"category":         {Settings{TimeZone: "UTC", Channels: map[Channel][]Category{SMS: {Filing, "taxes", Filing}}}, "/channels/sms/1 unknown, /channels/sms/2 duplicate"},
		"threshold":        {Settings{TimeZone: "UTC", Thresholds: map[Channel]Importance{"fax": Low}}, "/thresholds/fax unknown"},
		"muted":            {Settings{TimeZone: "UTC", MutedTypes: []string{"filing.accepted", "x.y"}}, "/muted_types/1 unknown"},
		"too many muted":   {Settings{TimeZone: "UTC", MutedTypes: slices.Repeat([]string{"filing.accepted"}, 51)}, "/muted_types too_many"},
		"no quiet minute":  {Settings{TimeZone: "UTC", Quiet: &Quiet{600, 600}}, "/quiet_hours/to invalid"},
		"digest":           {Settings{TimeZone: "UTC", Digest: &Digest{"month", 0, 0}}, "/digest/every invalid"},
		"weekday":          {Settings{TimeZone: "UTC", Digest: &Digest{"week", 0, 0}}, "/digest/weekday invalid"},
		"weekday of a day": {Settings{TimeZone: "UTC", Digest: &Digest{"day", 0, 3}}, "/digest/weekday invalid"},
	} {
		var texts []string
		for _, f := range tt.settings.check() {
			texts = append(texts, fmt.Sprintf("%s %s", f.Pointer, f.Code))
		}
		if got := strings.Join(texts, ", "); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	s := Settings{TimeZone: "UTC"}
	if s.check(); s.Channels[Push] == nil || s.Thresholds[SMS] != Critical || s.MutedTypes == nil {
		t.Errorf("what is left out is not made explicit: %+v", s)
	}
}

func TestNumbersOfPeopleDoNotLeaveTheHouse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"СНИЛС 112-233-445 95 принят":    "СНИЛС ***-***-*45 95 принят",
		"СНИЛС 11223344595":              "СНИЛС *******4595",
		"ИНН 500100732259":               "ИНН ********2259",
		"телефон +7 (916) 123-45-67":     "телефон +* (***) ***-45-67",
		"79161234567 и 8":                "*******4567 и 8",
		"паспорт 45 04 123456":           "паспорт ** ** **3456",
		"ИНН 7707083893, КПП 770701001":  "ИНН 7707083893, КПП 770701001",
		"ОГРН 1027700132195":             "ОГРН 1027700132195",
		"квитанция 500100732250":         "квитанция 500100732250",
		"до 30.10.2026, № З-2026-000184": "до 30.10.2026, № З-2026-000184",
		"":                               "",
	} {
		if got := Mask(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestTheCatalogueIsWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, e := range Catalogue() {
		if seen[e.Type] || !typeName.MatchString(e.Type) || !slices.Contains(Categories(), e.Category) || e.RU == "" || e.EN == "" ||
			e.Permission != "" && !e.Permission.Valid() {
			t.Errorf("%+v", e)
		}
		seen[e.Type] = true
		if e.Webhook() != (len(e.Example) > 0 && e.Example[0] == '{') {
			t.Errorf("%s: an example is an object or null", e.Type)
		}
	}
	if len(seen) < 40 {
		t.Fatalf("%d types", len(seen))
	}
}

func TestAddressesAreShownMasked(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"maria@example.ru": "m***@example.ru", "+79161234567": "+7***4567", "": "***", "@x": "***@x", "яна@почта.рф": "я***@почта.рф",
	} {
		if got := maskAddress(address); got != want {
			t.Errorf("%q: %q", address, got)
		}
	}
}

func TestShorteningKeepsWholeCharacters(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		n    int
		want string
	}{
		{"коротко", 10, "коротко"}, {"требование о пояснениях", 14, "требование о…"}, {"непрерывнаястрока", 5, "непр…"},
	} {
		if got := shorten(tt.text, tt.n); got != tt.want {
			t.Errorf("%q to %d: %q", tt.text, tt.n, got)
		}
	}
}

func TestWhatCannotBeToldIsRefused(t *testing.T) {
	t.Parallel()
	good := Event{
		ID: "filing/1/accepted", Type: "filing.accepted", OrganisationID: storage.NewID(), Category: Filing,
		Texts: Texts{RU: Message{Subject: "Отчёт принят"}}, Path: "/cabinet/filings/1",
	}
	if err := good.check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Event){
		"no id": func(e *Event) { e.ID = "" }, "long id": func(e *Event) { e.ID = strings.Repeat("x", 201) },
		"type": func(e *Event) { e.Type = "accepted" }, "type with a line break": func(e *Event) { e.Type = "filing.accepted\n" },
		"category": func(e *Event) { e.Category = "taxes" }, "importance": func(e *Event) { e.Importance = 3 },
		"permission": func(e *Event) { e.Permission = "filings:see" }, "nobody": func(e *Event) { e.OrganisationID = "" },
		"news of one": func(e *Event) { e.Category = News }, "a person without id": func(e *Event) { e.Persons = []string{""} },
		"path elsewhere": func(e *Event) { e.Path = "https://evil.example/" }, "path of another host": func(e *Event) { e.Path = "//evil.example" },
		"path with a break": func(e *Event) { e.Path = "/a\r\nX: 1" }, "path with backslash": func(e *Event) { e.Path = "/\\evil.example" },
		"no words": func(e *Event) { e.Texts = Texts{} }, "two lines": func(e *Event) { e.Texts.RU.Subject = "a\r\nBcc: x@example.ru" },
		"long body": func(e *Event) { e.Texts.EN.Body = strings.Repeat("x", 4001) },
		"document":  func(e *Event) { e.Document = "Требование" },
	} {
		e := good
		change(&e)
		if e.check() == nil {
			t.Errorf("%s is told", name)
		}
	}
	for name, data := range map[string]any{"a list": []int{1}, "too much": map[string]string{"x": strings.Repeat("x", 40000)}, "no JSON": func() {}} {
		e := good
		e.Data = data
		if _, err := e.data(); err == nil {
			t.Errorf("data: %s is told", name)
		}
	}
}

// told finds the types that rooms write out.
var told = regexp.MustCompile(`Type:\s+"([a-z_]+\.[a-z_]+)"(,|\n| )`)

// Settings and webhooks go by the catalogue, so a room tells nothing that is not
// in it.
func TestWhatRoomsTellIsInTheCatalogue(t *testing.T) {
	t.Parallel()
	found := 0
	err := filepath.WalkDir("..", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(text), "notice.Event{") {
			return err
		}
		for _, match := range told.FindAllStringSubmatch(string(text), -1) {
			found++
			if !inCatalogue(match[1]) {
				t.Errorf("%s tells %s", name, match[1])
			}
		}
		return nil
	})
	if err != nil || found == 0 {
		t.Fatalf("%d types, %v", found, err)
	}
}

// inCatalogue reports whether a type is known, or for the beginning of one
// ("organization.change_", the state follows) whether any with it is.
func inCatalogue(name string) bool {
	_, known := eventType(name)
	return known || strings.HasSuffix(name, "_") && slices.ContainsFunc(Catalogue(), func(t EventType) bool { return strings.HasPrefix(t.Type, name) })
}
