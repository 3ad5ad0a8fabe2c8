package pages

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"slices"
	"time"
)

//go:embed templates
var templateFiles embed.FS

// Deps is what the kit needs. The zero value works.
type Deps struct {
	Log  *slog.Logger   // nil = slog.Default()
	Zone *time.Location // of the times shown; nil = Moscow, UTC+3
}

// Kit draws pages. It is safe for concurrent use and never changes: Extend
// returns another kit.
type Kit struct {
	log    *slog.Logger
	zone   *time.Location
	assets *assets

	rooms   []fs.FS // folders of page templates, ours first
	strings []fs.FS // folders of catalogues, ours first
	words   *catalogue
	pages   map[string]map[string]*template.Template // language → file name
}

// New reads the embedded templates, styles and catalogues.
func New(deps Deps) (*Kit, error) {
	k := &Kit{log: deps.Log, zone: deps.Zone}
	if k.log == nil {
		k.log = slog.Default()
	}
	if k.zone == nil {
		k.zone = time.FixedZone("МСК", 3*60*60)
	}
	var err error
	if k.assets, err = newAssets(); err != nil {
		return nil, err
	}
	room, err := fs.Sub(templateFiles, "templates/pages")
	if err != nil {
		return nil, fmt.Errorf("open the page templates: %w", err)
	}
	words, err := fs.Sub(translationFiles, "translations")
	if err != nil {
		return nil, fmt.Errorf("open the catalogues: %w", err)
	}
	return k.with(room, words)
}

// Extend returns a kit that also knows the templates (*.html) of fsys and the
// strings (ru.json, en.json) of translations. Files whose names begin with "_"
// are parts, shared by the templates of fsys and by no others. A template or a
// string that is known already is an error.
func (k *Kit) Extend(fsys, translations fs.FS) (*Kit, error) {
	return k.with(fsys, translations)
}

// with builds the kit anew with one more room.
func (k *Kit) with(room, words fs.FS) (*Kit, error) {
	next := *k
	next.rooms = append(slices.Clone(k.rooms), room)
	next.strings = append(slices.Clone(k.strings), words)
	var err error
	if next.words, err = newCatalogue(next.strings); err != nil {
		return nil, err
	}
	next.pages = map[string]map[string]*template.Template{}
	for _, lang := range languages {
		if next.pages[lang], err = next.parse(lang); err != nil {
			return nil, err
		}
	}
	return &next, nil
}

// parse reads every page of every room, with the words of one language.
func (k *Kit) parse(lang string) (map[string]*template.Template, error) {
	layout, err := template.New("layout").Funcs(k.functions(lang)).ParseFS(templateFiles, "templates/layout/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse the layout: %w", err)
	}
	out := map[string]*template.Template{}
	for _, room := range k.rooms {
		if err := parseRoom(out, layout, room); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// parseRoom adds the pages of one room to out, each a copy of the layout.
func parseRoom(out map[string]*template.Template, layout *template.Template, room fs.FS) error {
	names, err := fs.Glob(room, "*.html")
	if err != nil {
		return fmt.Errorf("list the page templates: %w", err)
	}
	parts := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name[0] != '_' })
	for _, name := range names {
		if name[0] == '_' {
			continue
		}
		if out[name] != nil {
			return fmt.Errorf("the page template %s is given a second time", name)
		}
		page, err := layout.Clone()
		if err != nil {
			return fmt.Errorf("copy the layout for %s: %w", name, err)
		}
		if page, err = page.ParseFS(room, append(slices.Clone(parts), name)...); err != nil {
			return fmt.Errorf("parse the page template %s: %w", name, err)
		}
		out[name] = page
	}
	return nil
}
