package pages

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"time"
)

//go:embed templates
var templateFiles embed.FS

// Deps is what the kit needs. The zero value works.
type Deps struct {
	Log  *slog.Logger   // nil = slog.Default()
	Zone *time.Location // of the times shown; nil = Moscow, UTC+3
	// Compare is for tests: every page is drawn a second time by html/template alone,
	// and one that comes out otherwise is an error.
	Compare bool
}

// Kit draws pages. It is safe for concurrent use and never changes: Extend
// returns another kit.
type Kit struct {
	log    *slog.Logger
	zone   *time.Location
	assets *assets
	twice  bool // Deps.Compare

	rooms   []fs.FS // folders of page templates, ours first
	strings []fs.FS // folders of catalogues, ours first
	words   *catalogue
	pages   map[string]map[string]parsed // language → file name
	// plain are the pages with nothing worked out beforehand; nil unless they are
	// compared.
	plain map[string]map[string]parsed
}

// New reads the embedded templates, styles and catalogues.
func New(deps Deps) (*Kit, error) {
	k := &Kit{log: deps.Log, zone: deps.Zone, twice: deps.Compare}
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
	return k.with([]fs.FS{room}, []fs.FS{words})
}

// Extend returns a kit that also knows the templates (*.html) of fsys and the
// strings (ru.json, en.json) of translations. Files whose names begin with "_"
// are parts, shared by the templates of fsys and by no others. A template or a
// string that is known already is an error.
func (k *Kit) Extend(fsys, translations fs.FS) (*Kit, error) {
	return k.with([]fs.FS{fsys}, []fs.FS{translations})
}

// ExtendRoom is Extend for rooms whose embedded files lie in the folders
// "templates" and "translations". A room without templates adds words alone.
func (k *Kit) ExtendRoom(rooms ...fs.FS) (*Kit, error) {
	var templates, words []fs.FS
	for _, files := range rooms {
		room, err := fs.Sub(files, "templates")
		if err != nil {
			return nil, fmt.Errorf("open a room's templates: %w", err)
		}
		said, err := fs.Sub(files, "translations")
		if err != nil {
			return nil, fmt.Errorf("open a room's catalogues: %w", err)
		}
		templates, words = append(templates, room), append(words, said)
	}
	return k.with(templates, words)
}

// with builds the kit anew with more rooms.
func (k *Kit) with(rooms, words []fs.FS) (*Kit, error) {
	next := *k
	next.rooms = append(slices.Clone(k.rooms), rooms...)
	next.strings = append(slices.Clone(k.strings), words...)
	var err error
	if next.words, err = newCatalogue(next.strings); err != nil {
		return nil, err
	}
	next.pages, next.plain = map[string]map[string]parsed{}, map[string]map[string]parsed{}
	for _, lang := range languages {
		if next.pages[lang], err = next.list(lang, true); err != nil {
			return nil, err
		}
		if !k.twice {
			continue
		}
		if next.plain[lang], err = next.list(lang, false); err != nil {
			return nil, err
		}
	}
	for _, room := range rooms {
		if err := next.check(room); err != nil {
			return nil, err
		}
	}
	return &next, nil
}

// parsed gives the template of a page, which is parsed when it is first drawn:
// a kit has many that never are, those of the kits it was made from, and each
// would hold a copy of the layout.
type parsed func() (*template.Template, error)

// list names every page of every room, with the words of one language; folded, with
// what is constant in them worked out.
func (k *Kit) list(lang string, folded bool) (map[string]parsed, error) {
	functions := k.functions(lang)
	layout := sync.OnceValues(func() (*template.Template, error) { return k.layout(functions, folded) })
	out := map[string]parsed{}
	for _, room := range k.rooms {
		names, parts, err := contents(room)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if out[name] != nil {
				return nil, fmt.Errorf("the page template %s is given a second time", name)
			}
			out[name] = sync.OnceValues(func() (*template.Template, error) {
				page, err := parsePage(layout, room, append(slices.Clone(parts), name))
				if err != nil || !folded {
					return page, err
				}
				settle(page, functions)
				return page, flatten(page, name)
			})
		}
	}
	return out, nil
}

// check parses the templates of a room, so that a broken one is found now.
func (k *Kit) check(room fs.FS) error {
	names, parts, err := contents(room)
	if err != nil {
		return err
	}
	layout := sync.OnceValues(func() (*template.Template, error) { return k.layout(k.functions(languages[0]), false) })
	for _, name := range names {
		if _, err := parsePage(layout, room, append(slices.Clone(parts), name)); err != nil {
			return err
		}
	}
	return nil
}

func (k *Kit) layout(functions template.FuncMap, folded bool) (*template.Template, error) {
	layout, err := template.New("layout").Funcs(functions).ParseFS(templateFiles, "templates/layout/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse the layout: %w", err)
	}
	if folded {
		settle(layout, functions)
	}
	return layout, nil
}

// contents are the files of a room: its pages, and the parts that they share.
func contents(room fs.FS) (names, parts []string, err error) {
	all, err := fs.Glob(room, "*.html")
	if err != nil {
		return nil, nil, fmt.Errorf("list the page templates: %w", err)
	}
	for _, name := range all {
		if name[0] == '_' {
			parts = append(parts, name)
		} else {
			names = append(names, name)
		}
	}
	return names, parts, nil
}

// parsePage adds the files of a page, its own the last, to a copy of the layout.
func parsePage(layout func() (*template.Template, error), room fs.FS, files []string) (*template.Template, error) {
	base, err := layout()
	if err != nil {
		return nil, err
	}
	name := files[len(files)-1]
	page, err := base.Clone()
	if err != nil {
		return nil, fmt.Errorf("copy the layout for %s: %w", name, err)
	}
	if page, err = page.ParseFS(room, files...); err != nil {
		return nil, fmt.Errorf("parse the page template %s: %w", name, err)
	}
	return page, nil
}
