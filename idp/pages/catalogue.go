package pages

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed translations/*.json
var translationFiles embed.FS

// languages of the pages, the first being the one for everybody else.
var languages = []string{"ru", "en"}

// catalogue holds every string of every page in each language. It never
// changes once built.
type catalogue struct {
	bundle  *i18n.Bundle
	keys    map[string]map[string]bool // language → key
	callers map[string]*i18n.Localizer // language → its localizer
	// constant are the messages that were asked for without arguments: a page has
	// dozens, and each takes the library as long as all else of a line.
	constant map[string]*sync.Map // language → key → text
}

// newCatalogue reads ru.json and en.json of each source. A key that two
// sources give is an error: one room must not rename another's words.
func newCatalogue(sources []fs.FS) (*catalogue, error) {
	c := &catalogue{
		bundle:  i18n.NewBundle(language.Russian),
		keys:    map[string]map[string]bool{},
		callers: map[string]*i18n.Localizer{}, constant: map[string]*sync.Map{},
	}
	c.bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	for _, lang := range languages {
		c.keys[lang] = map[string]bool{}
		for _, source := range sources {
			if err := c.read(source, lang); err != nil {
				return nil, err
			}
		}
		c.callers[lang], c.constant[lang] = i18n.NewLocalizer(c.bundle, lang), new(sync.Map)
	}
	return c, nil
}

// read adds one file. A source without a file for lang adds nothing.
func (c *catalogue) read(source fs.FS, lang string) error {
	name := lang + ".json"
	body, err := fs.ReadFile(source, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the catalogue %s: %w", name, err)
	}
	file, err := c.bundle.ParseMessageFileBytes(body, name)
	if err != nil {
		return fmt.Errorf("parse the catalogue %s: %w", name, err)
	}
	for _, message := range file.Messages {
		if c.keys[lang][message.ID] {
			return fmt.Errorf("the catalogue %s gives %q a second time", name, message.ID)
		}
		c.keys[lang][message.ID] = true
	}
	return nil
}

// has reports whether key is a key rather than a text.
func (c *catalogue) has(key string) bool { return c.keys[languages[0]][key] }

// text is the message of key in lang. An unknown key comes back as it is, so
// that a page with a forgotten word is still a page; the tests find those.
func (c *catalogue) text(lang, key string, args map[string]any) string {
	caller, ok := c.callers[lang]
	if !ok {
		lang, caller = languages[0], c.callers[languages[0]]
	}
	if len(args) > 0 || !c.has(key) { // what is no key may be anything, and so many
		return localized(caller, key, args)
	}
	known, ok := c.constant[lang].Load(key)
	if !ok {
		known = localized(caller, key, nil)
		c.constant[lang].Store(key, known)
	}
	return known.(string)
}

func localized(caller *i18n.Localizer, key string, args map[string]any) string {
	config := &i18n.LocalizeConfig{MessageID: key, TemplateData: args}
	if count, ok := args["Count"]; ok {
		config.PluralCount = count
	}
	text, err := caller.Localize(config)
	if err != nil && text == "" {
		return key
	}
	return text
}

// arguments turns name, value, name, value … or a single map into a map.
func arguments(args []any) map[string]any {
	if len(args) == 1 {
		if given, ok := args[0].(map[string]any); ok {
			return maps.Clone(given)
		}
	}
	out := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		if name, ok := args[i].(string); ok {
			out[name] = args[i+1]
		}
	}
	return out
}

// T is the text of key in lang ("ru", "en"); args are placeholder names and
// values in turn, or one map[string]any. The name "Count" chooses the plural.
func (k *Kit) T(lang, key string, args ...any) string {
	if len(args) == 0 {
		return k.words.text(lang, key, nil)
	}
	return k.words.text(lang, key, arguments(args))
}

// Knows reports whether the catalogue has a text of the key.
func (k *Kit) Knows(key string) bool { return k.words.has(key) }

// say is T for a string that may be a key or already a text.
func (k *Kit) say(lang, keyOrText string, args ...any) string {
	if !k.words.has(keyOrText) {
		return keyOrText
	}
	return k.T(lang, keyOrText, args...)
}

// Scopes explains scopes in a person's words, for the consent page. The scope
// openid says nothing to a person and is left out; an unknown scope is shown
// by its name rather than hidden.
func (k *Kit) Scopes(lang string, names []string) []ScopeItem {
	items := make([]ScopeItem, 0, len(names))
	for _, name := range names {
		key := "scope." + name
		switch {
		case name == "openid":
		case k.words.has(key):
			items = append(items, ScopeItem{Title: k.T(lang, key), Text: k.T(lang, key+".text")})
		default:
			items = append(items, ScopeItem{Title: name})
		}
	}
	return items
}
