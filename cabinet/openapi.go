package cabinet

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"propusk/cabinet/api"
)

// openapiSource describes the API in OpenAPI 3.1, with {issuer} where the address
// of the server goes; each room brings the part that describes it. Tests hold the
// whole against the route table and against real requests and answers, so that
// neither can change alone.
//
//go:embed openapi.json
var openapiSource []byte

// document is the description as it is served.
type document struct {
	body []byte
	etag string
}

func newDocument(issuer string, rooms []api.Room) (*document, error) {
	quoted, err := json.Marshal(strings.TrimRight(issuer, "/"))
	if err != nil {
		return nil, fmt.Errorf("cabinet: issuer: %w", err)
	}
	source, err := joined(openapiSource, rooms)
	if err != nil {
		return nil, fmt.Errorf("cabinet: OpenAPI document: %w", err)
	}
	filled := bytes.ReplaceAll(source, []byte("{issuer}"), bytes.Trim(quoted, `"`))
	var body bytes.Buffer
	if err := json.Compact(&body, filled); err != nil {
		return nil, fmt.Errorf("cabinet: OpenAPI document: %w", err)
	}
	digest := sha256.Sum256(body.Bytes())
	return &document{body.Bytes(), `"` + base64.RawURLEncoding.EncodeToString(digest[:12]) + `"`}, nil
}

// Document is the description of the API, with every room, as GET /v1/openapi.json
// answers it (OpenAPI 3.1).
func (s *Server) Document() []byte { return s.document.body }

// openapi answers GET /v1/openapi.json.
func (s *Server) openapi(c api.Call) error {
	c.Response().Header().Set("Cache-Control", "public, max-age=300")
	return api.Answer(c, http.StatusOK, s.document.etag, json.RawMessage(s.document.body))
}
