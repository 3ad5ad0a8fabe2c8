package pages

import (
	"io/fs"
	"log/slog"
	"net/http"
)

// Deps is what the kit needs.
type Deps struct {
	Log *slog.Logger // nil = slog.Default()
}

// Kit draws pages. It is safe for concurrent use and never changes: Extend
// returns another kit.
type Kit struct {
	log *slog.Logger
}

// New reads the embedded templates, styles and catalogues.
func New(deps Deps) (*Kit, error) {
	return &Kit{log: deps.Log}, nil
}

// Extend returns a kit that also knows the templates (*.html) of fsys and the
// strings (ru.json, en.json) of translations.
func (k *Kit) Extend(fsys, translations fs.FS) (*Kit, error) { return k, nil }

// Render draws page and sends it with status.
func (k *Kit) Render(w http.ResponseWriter, r *http.Request, status int, page Page) error {
	return nil
}

// Assets serves /assets/….
func (k *Kit) Assets() http.Handler { return http.NotFoundHandler() }

// T is the text of key in lang ("ru", "en"); args are placeholder names and
// values in turn, or one map[string]any. The name "Count" chooses the plural.
func (k *Kit) T(lang, key string, args ...any) string { return key }

// Scopes explains scopes in a person's words, for the consent page. The scope
// openid says nothing to a person and is left out.
func (k *Kit) Scopes(lang string, names []string) []ScopeItem { return nil }
