package registration

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"
)

// DocumentsVersion is of the two texts. Raise it with every change of either:
// what people have agreed to is kept by it.
const DocumentsVersion = "2026-11-22"

// The documents that one agrees to.
const (
	documentTerms   = "terms"         // условия использования
	documentConsent = "personal_data" // согласие на обработку персональных данных
)

// documentParts counts the sections of each text.
var documentParts = map[string]int{documentTerms: 4, documentConsent: 5}

// documentPage is one text with its version.
type documentPage struct {
	Document, Version string
	Parts             []string // catalogue keys of the sections
}

// document shows one of the texts.
func (s *Server) document(name string) echo.HandlerFunc {
	page := documentPage{Document: name, Version: DocumentsVersion}
	for i := range documentParts[name] {
		page.Parts = append(page.Parts, fmt.Sprintf("registration.%s.%d", name, i+1))
	}
	return func(c echo.Context) error {
		return s.render(c, http.StatusOK, "registration_document.html", page, nil)
	}
}
