package status

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"propusk/storage"
)

// Handler serves the lists and their aggregation, to anybody: a list says of places,
// not of people, and a place tells something only to who holds a token that names it.
func (l *Lists) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path, l.aggregation)
	mux.HandleFunc("GET "+Path+"/{name}", l.serve)
	return mux
}

func (l *Lists) serve(w http.ResponseWriter, r *http.Request) {
	outcome := "served"
	defer func() { l.served.WithLabelValues(outcome).Inc() }()
	header := w.Header()
	header.Set("Access-Control-Allow-Origin", "*") // §8.1: for verifiers in browsers
	switch {
	case r.URL.Query().Has("time"): // §8.4: no list of the past is kept
		outcome = "refused"
		http.Error(w, "lists of the past are not kept", http.StatusNotImplemented)
		return
	case !acceptable(r.Header.Values("Accept")):
		outcome = "refused"
		http.Error(w, "a list is application/"+typeStatusList, http.StatusNotAcceptable)
		return
	}
	token, etag, err := l.get(r.Context(), r.PathValue("name"))
	switch {
	case errors.Is(err, storage.ErrNotFound):
		outcome = "unknown"
		http.Error(w, "no token that still lives names this list", http.StatusNotFound)
		return
	case err != nil:
		outcome = "failed"
		l.deps.Log.WarnContext(r.Context(), "a status list cannot be answered", "list", r.PathValue("name"), "error", err)
		header.Set("Retry-After", "1")
		http.Error(w, "this server does not know what was revoked; ask again", http.StatusServiceUnavailable)
		return
	}
	// A cache between here and there asks each time (s-maxage): what it kept would be
	// older still when the resource server begins to count its own TTL.
	header.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(TTL.Seconds()))+", s-maxage=0")
	header.Set("ETag", etag)
	if known(r.Header.Get("If-None-Match"), etag) {
		outcome = "unchanged"
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", "application/"+typeStatusList)
	_, _ = w.Write([]byte(token))
}

// acceptable reads Accept as far as it matters: lists are made as JWT, not as CWT.
func acceptable(values []string) bool {
	if len(values) == 0 {
		return true
	}
	return slices.ContainsFunc(strings.Split(strings.Join(values, ","), ","), func(part string) bool {
		kind, _, _ := strings.Cut(part, ";")
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case "*/*", "application/*", "application/" + typeStatusList, "":
			return true
		}
		return false
	})
}

// known reads If-None-Match (RFC 9110 §13.1.2): a list of tags, compared weakly.
func known(ifNoneMatch, etag string) bool {
	return slices.ContainsFunc(strings.Split(ifNoneMatch, ","), func(tag string) bool {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		return tag == "*" || tag == etag
	})
}

// aggregation lists the lists (§9.3), for a verifier that fetches before it has seen
// a token.
func (l *Lists) aggregation(w http.ResponseWriter, r *http.Request) {
	names, err := l.names(r.Context())
	if err != nil {
		l.deps.Log.ErrorContext(r.Context(), "the status lists cannot be listed", "error", err)
		http.Error(w, "ask again", http.StatusServiceUnavailable)
		return
	}
	uris := make([]string, len(names))
	for i, name := range names {
		uris[i] = l.uri(name)
	}
	body, err := json.Marshal(map[string][]string{"status_lists": uris})
	if err != nil {
		http.Error(w, "ask again", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cache-Control", "public, max-age="+strconv.Itoa(int(TTL.Seconds())))
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}
