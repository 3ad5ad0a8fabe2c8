package desk

import (
	"io/fs"
	"net/http"
)

// Room is one part of the cabinet in the browser.
type Room struct {
	Name   string
	Routes []Route
	// Files hold the folders "templates" (*.html) and "translations" (ru.json,
	// en.json). Names of templates and keys of strings are the whole cabinet's: a
	// second one of the same name is an error when the cabinet is built, so a room
	// begins them with its own name.
	Files fs.FS
	Nav   []NavItem
	// Scopes are what the room's calls of the API need, besides those of others.
	Scopes []string
	// Search finds what the visitor may see by the API's own search; nil = nothing.
	// A refusal is taken as nothing found.
	Search func(v *Visit, query string) ([]Hit, error)
}

// Route is one page, or one form's act.
type Route struct {
	Method string
	Path   string // a pattern of net/http below /cabinet: "/cabinet/filings/{id}"
	Handle func(*Visit) error
	// Limit bounds the body, in bytes; 0 = 64 KiB. A multipart form above 1 MiB is
	// kept on disk while it is handled.
	Limit int64

	// Newcomer lets in who has no organisation yet: on such a page Organisation() is
	// empty, and the API is asked with a token that opens none.
	Newcomer bool

	anywhere bool // not bound to the organisation that the form was drawn for
}

// Get is a page.
func Get(path string, handle func(*Visit) error) Route {
	return Route{Method: http.MethodGet, Path: path, Handle: handle}
}

// Post is what a form does.
func Post(path string, handle func(*Visit) error) Route {
	return Route{Method: http.MethodPost, Path: path, Handle: handle}
}

// NavItem is a place of the side list.
type NavItem struct {
	Key  string // of its words
	Path string // also the beginning of the paths of all its pages
	// Permission that the place needs; who lacks it does not see the place. "" =
	// everybody sees it.
	Permission string
	// Only says for whom the place is, where a permission does not; nil = for everybody.
	Only func(v *Visit) bool
	// Order among the places of all rooms: 100–499 work, 500–999 the organisation.
	Order int
	// Count is how much waits there for the visitor, from what the desk has read
	// about him; nil = nothing is counted.
	Count func(v *Visit) int
}

// Hit is one thing that a search found.
type Hit struct {
	Kind  string // words: "Отчёт"
	Title string
	Text  string // under the title; ""
	Path  string // of its page
}
