package application

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

// The bounds of a registration document.
const (
	maxDocument = 128 << 10 // bytes; a key set may have 64 KiB of them
	maxMembers  = 100
	maxDepth    = 8
)

// document is a registration document (RFC 7591 §2) by its members. What is null
// counts as left out.
type document map[string]json.RawMessage

// readDocument reads the body of a request.
func readDocument(w http.ResponseWriter, r *http.Request) (document, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, &Refusal{http.StatusUnsupportedMediaType, "invalid_client_metadata", "the document must be application/json", nil}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDocument))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return nil, &Refusal{http.StatusRequestEntityTooLarge, "invalid_client_metadata", fmt.Sprintf("the document has more than %d bytes", maxDocument), nil}
	}
	if err != nil {
		return nil, &Refusal{http.StatusBadRequest, "invalid_client_metadata", "the document did not arrive whole", nil}
	}
	d, err := parseDocument(body)
	if err != nil {
		return nil, &Refusal{http.StatusBadRequest, "invalid_client_metadata", err.Error(), nil}
	}
	return d, nil
}

// parseDocument reads one JSON object. Two members of one name are refused: of two
// readers one would take the first and the other the last.
func parseDocument(body []byte) (document, error) {
	if err := shallow(body); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if opening, err := decoder.Token(); err != nil || opening != json.Delim('{') {
		return nil, errors.New("the document is not a JSON object")
	}
	d, seen := make(document), make(map[string]bool)
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, errors.New("the document is not JSON")
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, errors.New("the document is not JSON")
		}
		text := name.(string)
		if seen[text] {
			return nil, fmt.Errorf("the member %.60q is there twice", text)
		}
		if seen[text] = true; len(seen) > maxMembers {
			return nil, fmt.Errorf("the document has more than %d members", maxMembers)
		}
		if string(value) != "null" {
			d[text] = value
		}
	}
	if _, err := decoder.Token(); err != nil {
		return nil, errors.New("the document is not JSON")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something stands behind the document")
	}
	return d, nil
}

// shallow refuses what is nested deeper than any metadata is, before it is read.
func shallow(body []byte) error {
	depth, quoted, escaped := 0, false, false
	for _, b := range body {
		switch {
		case escaped:
			escaped = false
		case quoted && b == '\\':
			escaped = true
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{' || b == '[':
			if depth++; depth > maxDepth {
				return fmt.Errorf("the document is nested deeper than %d", maxDepth)
			}
		case b == '}' || b == ']':
			depth--
		}
	}
	return nil
}

// text is a member that is text; "" when it is not there.
func (d document) text(name string) (string, *Refusal) {
	raw, ok := d[name]
	if !ok {
		return "", nil
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return "", badMetadata(name, "it must be text")
	}
	return strings.TrimSpace(text), nil
}
