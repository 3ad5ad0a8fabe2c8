package pages

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// searchFrom is the number of organisations above which the choice offers a
// search: so many strips still fit a screen.
const searchFrom = 7

// helpTopics are the sections of the help page, in their order.
var helpTopics = []string{"login", "password", "code", "certificate", "locked", "missing", "phishing", "support"}

// Option is one entry of the select component.
type Option struct{ Value, Label string }

// functions are what templates may call, speaking lang.
func (k *Kit) functions(lang string) template.FuncMap {
	return template.FuncMap{
		"t":          func(key string, args ...any) string { return k.T(lang, key, args...) },
		"say":        func(keyOrText string, args ...any) string { return k.say(lang, keyOrText, args...) },
		"told":       func(e FieldError) string { return k.say(lang, e.Key, e.Args) },
		"fault":      func(errs []FieldError, field string) string { return k.fault(lang, errs, field) },
		"fields":     fields,
		"looks":      looksLike,
		"plus1":      func(n int) int { return n + 1 },
		"bars":       bars,
		"chartbox":   chartBox,
		"asset":      func(name string) (string, error) { return k.asset(name) },
		"date":       func(at time.Time) string { return k.date(lang, at) },
		"datetime":   func(at time.Time) string { return k.datetime(lang, at) },
		"instant":    func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
		"dict":       dict,
		"png":        png,
		"groups":     groups,
		"phone":      phone,
		"seconds":    seconds,
		"many":       func(total int) bool { return total > searchFrom },
		"chosen":     chosen,
		"kindicon":   kindIcon,
		"checkicon":  checkIcon,
		"sent":       sent,
		"signingof":  func(page Certificate, fault string) Signing { return k.signingOf(lang, page, fault) },
		"iconsize":   iconSize,
		"json":       asJSON,
		"words":      func(prefix string) (string, error) { return k.wordsFor(lang, prefix) },
		"textfile":   textFile,
		"helptopics": func() []string { return helpTopics },
		"bytes":      func(n int64) string { return Size(lang, n) },
	}
}

// fault is what is wrong with one field, in words; "" when nothing is.
func (k *Kit) fault(lang string, errs []FieldError, field string) string {
	for _, e := range errs {
		if e.Field == field {
			return k.say(lang, e.Key, e.Args)
		}
	}
	return ""
}

// fields reports whether something entered is wrong, rather than the act refused.
func fields(errs []FieldError) bool {
	return slices.ContainsFunc(errs, func(e FieldError) bool { return e.Field != "" })
}

// asset is the address of a static file. A wrong name fails the page, in every
// test, rather than leave a page without its style.
func (k *Kit) asset(name string) (string, error) {
	url, ok := k.assets.named[name]
	if !ok {
		return "", fmt.Errorf("no asset %q", name)
	}
	return url, nil
}

// date is "22 ноября 2026" or "22 November 2026", in the kit's zone.
func (k *Kit) date(lang string, at time.Time) string {
	at = at.In(k.zone)
	month := k.T(lang, "month."+strconv.Itoa(int(at.Month())))
	return fmt.Sprintf("%d %s %d", at.Day(), month, at.Year())
}

// datetime is the date with hours and minutes.
func (k *Kit) datetime(lang string, at time.Time) string {
	return k.date(lang, at) + ", " + at.In(k.zone).Format("15:04")
}

// dict makes the named arguments of a component.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("a component got %d arguments: names and values must pair", len(pairs))
	}
	out := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("a component's argument is named %v, not by a string", pairs[i])
		}
		out[name] = pairs[i+1]
	}
	return out, nil
}

// png is an image in the page itself: a QR code holds a secret and must not
// have an address.
func png(image []byte) template.URL {
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(image)) // #nosec G203 -- base64 has no markup
}

// groups cuts a key into groups of four, to be read aloud and typed.
func groups(secret string) string {
	var out strings.Builder
	for i, r := range secret {
		if i > 0 && i%4 == 0 {
			out.WriteByte(' ')
		}
		out.WriteRune(r)
	}
	return out.String()
}

// Phone is the template function phone, for texts that are put together elsewhere.
func Phone(e164 string) string { return phone(e164) }

// phone writes a Russian number as people read it, "+7 812 555-35-35"; others
// stay as they are.
func phone(e164 string) string {
	if len(e164) != 12 || !strings.HasPrefix(e164, "+7") {
		return e164
	}
	return fmt.Sprintf("+7 %s %s-%s-%s", e164[2:5], e164[5:8], e164[8:10], e164[10:])
}

// seconds is d in whole seconds, rounded up; 0 when nothing is left.
func seconds(d time.Duration) int { return max(0, int(math.Ceil(d.Seconds()))) }

// chosen is the organisation marked when the page opens: the given one, or the
// only one there is. With several nothing is guessed.
func chosen(page OrganisationChoice) string {
	if page.Chosen == "" && len(page.Organisations) == 1 {
		return page.Organisations[0].ID
	}
	return page.Chosen
}

func kindIcon(kind string) string {
	switch kind {
	case KindSMS:
		return "phone"
	case KindEmail:
		return "letter"
	case KindRecovery:
		return "code"
	case KindPasskey:
		return "passkey"
	}
	return "app"
}

// sent reports whether codes of this kind travel, so that another can be asked for.
func sent(kind string) bool { return kind == KindSMS || kind == KindEmail }

// signingOf is the component of the certificate page.
func (k *Kit) signingOf(lang string, page Certificate, fault string) Signing {
	return Signing{
		Action: "/signin/certificate", ChallengeURL: "/signin/certificate/challenge",
		Fields: []Hidden{{"request", page.Request}},
		Text:   page.ChallengeText, ID: page.ChallengeID, Act: k.T(lang, "certificate.act"), Error: fault,
	}
}

func checkIcon(status string) string {
	switch status {
	case CheckPassed:
		return "tick"
	case CheckWarned:
		return "warn"
	case CheckFailed:
		return "cross"
	}
	return "dash"
}

// iconSize is the side of the square an icon is drawn in.
func iconSize(name string) int {
	switch name {
	case "tick", "cross", "warn", "dash", "download":
		return 20
	}
	return 28
}

// asJSON is a value for a script, to stand in a data attribute.
func asJSON(value any) (string, error) {
	body, err := json.Marshal(value)
	return string(body), err
}

// wordsFor are the texts whose keys begin with prefix, as a JSON object by the
// rest of the key: what a script may say. A prefix without texts is an error.
func (k *Kit) wordsFor(lang, prefix string) (string, error) {
	out := map[string]string{}
	for key := range k.words.keys[languages[0]] {
		if rest, found := strings.CutPrefix(key, prefix); found {
			out[rest] = k.T(lang, key)
		}
	}
	if len(out) == 0 {
		return "", fmt.Errorf("no texts begin with %q", prefix)
	}
	return asJSON(out)
}

// textFile is the secrets as a file in the page itself, so that they have no
// address and the browser can save them without asking the server again.
func textFile(s Secrets) template.URL {
	body := s.Heading + "\r\n\r\n" + strings.Join(s.Values, "\r\n") + "\r\n"
	return template.URL("data:text/plain;charset=utf-8;base64," + base64.StdEncoding.EncodeToString([]byte(body))) // #nosec G203 -- base64 has no markup
}
