package cabinet

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"propusk/storage"
)

// answer writes a JSON body. A GET with an entity tag answers 304 to a client
// that holds this very state (RFC 9110 §13.1.2).
func answer(c call, status int, etag string, body any) error {
	header := c.Response().Header()
	if etag != "" {
		header.Set("ETag", etag)
		method := c.Request().Method
		if (method == http.MethodGet || method == http.MethodHead) && listsTag(c.Request().Header.Values("If-None-Match"), etag) {
			c.Response().WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	header.Set("Content-Type", plainJSON)
	c.Response().WriteHeader(status)
	_, _ = c.Response().Write(encoded) // a client that has left cannot be told so
	return nil
}

func noContent(c call) error {
	c.Response().WriteHeader(http.StatusNoContent)
	return nil
}

// entityTag names one state of a record: its version, and the times of whatever
// else is shown with it.
func entityTag(version int64, times ...storage.Time) string {
	tag := `"` + strconv.FormatInt(version, 36)
	for _, t := range times {
		tag += "-" + strconv.FormatInt(int64(t), 36)
	}
	return tag + `"`
}

// checkIfMatch refuses a change of a state that the client has not seen (RFC 9110
// §13.1.1). The caller binds the change itself to the version it has compared.
func checkIfMatch(c call, etag string) error {
	if listsTag(c.Request().Header.Values("If-Match"), etag) {
		return nil
	}
	return refuse("version_changed")
}

// conditional reports whether the client makes its change depend on a state.
func (c call) conditional() bool { return len(c.Request().Header.Values("If-Match")) > 0 }

// listsTag looks for a tag in the values of If-Match or If-None-Match. Our tags
// have no commas, so the list can be cut at them. A weak tag (W/) is another text
// than ours and never matches: right for If-Match, and no loss for If-None-Match.
func listsTag(values []string, etag string) bool {
	for _, value := range values {
		for one := range strings.SplitSeq(value, ",") {
			if one = strings.TrimSpace(one); one == etag || one == "*" {
				return true
			}
		}
	}
	return false
}

// id reads the path parameter {id}. What is not an identifier of ours names nothing.
func (c call) id() (string, error) {
	id := c.Param("id")
	if !isID(id) {
		return "", refuse("not_found")
	}
	return id, nil
}

// isID accepts the one spelling that storage.NewID makes.
func isID(s string) bool {
	return len(s) == 36 && uuid.Validate(s) == nil && strings.ToLower(s) == s
}

// query reads the parameters of a request strictly: unknown and repeated ones are
// faults, and all faults are told at once.
type query struct {
	values map[string][]string
	faults []fieldFault
}

func (c call) query(known ...string) *query {
	q := &query{values: c.QueryParams()}
	for name, values := range q.values {
		switch {
		case !slices.Contains(known, name):
			q.fault(strings.TrimPrefix(pointer(name), "/"), "unknown")
		case len(values) > 1:
			q.fault(name, "duplicate")
		}
	}
	slices.SortFunc(q.faults, func(a, b fieldFault) int { return strings.Compare(a.parameter, b.parameter) })
	return q
}

func (q *query) fault(name, code string) {
	q.faults = append(q.faults, fieldFault{parameter: name, code: code})
}

func (q *query) err() error {
	if len(q.faults) == 0 {
		return nil
	}
	return &refusal{code: "parameter_invalid", fields: q.faults}
}

// text reads a parameter that must satisfy a rule; empty and absent are one.
func (q *query) text(name string, valid func(string) bool) string {
	values := q.values[name]
	if len(values) == 0 || values[0] == "" {
		return ""
	}
	if !valid(values[0]) {
		q.fault(name, "format")
		return ""
	}
	return values[0]
}

// number reads a whole number between two bounds, standard when it is absent.
func (q *query) number(name string, least, most, standard int64) int64 {
	text := q.text(name, func(s string) bool { _, err := strconv.ParseInt(s, 10, 64); return err == nil })
	if text == "" {
		return standard
	}
	n, _ := strconv.ParseInt(text, 10, 64)
	if n < least || n > most {
		q.fault(name, "out_of_range")
		return standard
	}
	return n
}

// time reads a date-time of RFC 3339.
func (q *query) time(name string) storage.Time {
	text := q.text(name, func(s string) bool { _, err := time.Parse(time.RFC3339, s); return err == nil })
	if text == "" {
		return 0
	}
	t, _ := time.Parse(time.RFC3339, text)
	return storage.Of(t)
}
