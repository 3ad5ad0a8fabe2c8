package desk

import (
	"net/http"
	"net/url"
	"strings"
)

// WithHeader adds a header to a call.
func WithHeader(name, value string) Option {
	return Option{before: func(x *exchange) { x.header.Set(name, value) }}
}

// AnswerHeader reads a header of the answer into value.
func AnswerHeader(name string, value *string) Option {
	return Option{after: func(answer *http.Response) { *value = answer.Header.Get(name) }}
}

// NextPage reads from Link (RFC 8288) where the next page of a list begins: the
// value of its parameter "after"; "" on the last page.
func NextPage(after *string) Option {
	return Option{after: func(answer *http.Response) { *after = nextPage(answer.Header.Get("Link")) }}
}

func nextPage(link string) string {
	target, rest, found := strings.Cut(strings.TrimPrefix(link, "<"), ">")
	if !found || !strings.Contains(rest, `rel="next"`) {
		return ""
	}
	to, err := url.Parse(target)
	if err != nil {
		return ""
	}
	return to.Query().Get("after")
}

// Kept are those of the named parameters of the address that have a value.
func (v *Visit) Kept(names ...string) url.Values {
	query := url.Values{}
	for _, name := range names {
		if value := v.Query(name); value != "" {
			query.Set(name, value)
		}
	}
	return query
}
