package service

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"propusk/cabinet/request"
	"propusk/storage/file"
)

//go:embed catalogue.json
var catalogueSource []byte

// Words are a text in both languages.
type Words struct {
	RU string `json:"ru"`
	EN string `json:"en"`
}

// In is the text in a language, Russian unless English is asked for.
func (w Words) In(lang string) string {
	if lang == "en" && w.EN != "" {
		return w.EN
	}
	return w.RU
}

// Choice is a value with its name.
type Choice struct {
	Value string `json:"value"`
	Label Words  `json:"label"`
}

// Card is one service of the catalogue (rows 190, 191, 194, 291).
type Card struct {
	Code        string     `json:"code"` // stable; also the Kind of directory.Act
	Type        string     `json:"type"`
	Title       Words      `json:"title"`
	Description Words      `json:"description"`
	Industries  []string   `json:"industries"`
	Body        Body       `json:"body"` // who decides
	Steps       []Words    `json:"steps"`
	Sections    []string   `json:"sections"` // groups of fields that several services share
	Fields      []Field    `json:"fields"`   // with those of the sections in front, once loaded
	Rules       []Rule     `json:"rules"`
	Documents   []Document `json:"documents"`
	Term        Words      `json:"term"`
	TermDays    int        `json:"term_days"` // working days
	Fee         Words      `json:"fee"`
	FeeKopecks  int64      `json:"fee_kopecks"`
	Signature   string     `json:"signature"`    // of the application: SignatureRequired or SignatureOptional
	Licence     bool       `json:"licence"`      // its statuses are those of row 196
	ValidMonths int        `json:"valid_months"` // of what is granted, when the authority does not say; 0 = for ever
	RenewFields []string   `json:"renew_fields"` // what a renewal fills in anew (row 200)
	Elsewhere   string     `json:"elsewhere,omitempty"`
}

// Body is an authority.
type Body struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// Field is one field of the form. Every value is a text; its kind says how it is
// read.
type Field struct {
	Name          string   `json:"name"`
	Label         Words    `json:"label"`
	Hint          Words    `json:"hint"`
	Section       string   `json:"section,omitempty"`
	Kind          string   `json:"kind"` // a key of kinds (fields.go)
	Required      bool     `json:"required"`
	Max           int      `json:"max,omitempty"`       // characters; 0 = the kind's own
	Min           int64    `json:"min,omitempty"`       // of a number; kopecks of money; characters of digits
	MaxValue      int64    `json:"max_value,omitempty"` // as Min; 0 = none
	Permitted     string   `json:"permitted,omitempty"` // a key of alphabets (row 296)
	Choices       []Choice `json:"choices,omitempty"`
	Autofill      string   `json:"autofill,omitempty"` // organisation.inn, person.name, registry.okved …
	Reuse         bool     `json:"reuse,omitempty"`    // taken over from the last application
	NotAfterToday bool     `json:"not_after_today,omitempty"`
}

// Rule is a demand on several fields together (row 205).
type Rule struct {
	Kind  string   `json:"kind"` // before, at_most, sum, account
	A     string   `json:"a,omitempty"`
	B     string   `json:"b,omitempty"`
	Total string   `json:"total,omitempty"`
	Parts []string `json:"parts,omitempty"`
}

// Document is one that the application takes.
type Document struct {
	Name       string   `json:"name"`
	Title      Words    `json:"title"`
	Hint       Words    `json:"hint"`
	Required   bool     `json:"required"`
	When       *When    `json:"when,omitempty"` // required only then
	Formats    []string `json:"formats"`        // names of file.Kinds
	MaxBytes   int64    `json:"max_bytes"`
	Most       int      `json:"most"`       // files
	Signature  string   `json:"signature"`  // none, optional, required: a detached qualified one
	Encryption string   `json:"encryption"` // none; transport: it travels encrypted to the body's own key
}

// When is a condition on a field.
type When struct {
	Field  string `json:"field"`
	Equals string `json:"equals"`
}

// Whether a signature is demanded.
const (
	SignatureNone     = "none"
	SignatureOptional = "optional"
	SignatureRequired = "required"
)

// catalogue is catalogue.json as it is used.
type catalogue struct {
	Types      []Choice           `json:"types"`
	Industries []Choice           `json:"industries"`
	Sections   map[string]section `json:"sections"`
	Services   []Card             `json:"services"`

	byCode map[string]*Card
	stems  map[string][]string
}

type section struct {
	Title  Words   `json:"title"`
	Fields []Field `json:"fields"`
}

// known is the built-in catalogue. A fault in it is a fault of the build, which
// the tests find.
var known = sync.OnceValue(func() *catalogue {
	c, err := parseCatalogue(catalogueSource)
	if err != nil {
		panic(err)
	}
	return c
})

func parseCatalogue(source []byte) (*catalogue, error) {
	c := &catalogue{byCode: map[string]*Card{}, stems: map[string][]string{}}
	if err := json.Unmarshal(source, c); err != nil {
		return nil, fmt.Errorf("service: catalogue: %w", err)
	}
	for i := range c.Services {
		card := &c.Services[i]
		c.expand(card)
		if err := c.check(card); err != nil {
			return nil, fmt.Errorf("service: catalogue: %s: %w", card.Code, err)
		}
		c.byCode[card.Code] = card
		text := card.Code + " " + card.Title.RU + " " + card.Title.EN + " " + card.Description.RU + " " + card.Description.EN + " " + card.Body.Name
		for _, d := range card.Documents {
			text += " " + d.Title.RU + " " + d.Title.EN
		}
		c.stems[card.Code] = request.Stems(text)
	}
	return c, nil
}

// expand puts the fields of the card's sections in front of its own.
func (c *catalogue) expand(card *Card) {
	var fields []Field
	for _, name := range card.Sections {
		for _, f := range c.Sections[name].Fields {
			f.Section = name
			fields = append(fields, f)
		}
	}
	card.Fields = append(fields, card.Fields...)
}

// check refuses a card that could not be filled in.
func (c *catalogue) check(card *Card) error {
	if c.byCode[card.Code] != nil {
		return fmt.Errorf("it is there twice")
	}
	names := map[string]bool{}
	for _, f := range card.Fields {
		switch {
		case names[f.Name]:
			return fmt.Errorf("field %s is there twice", f.Name)
		case kinds[f.Kind] == nil:
			return fmt.Errorf("field %s: no kind %q", f.Name, f.Kind)
		case f.Permitted != "" && alphabets[f.Permitted] == nil:
			return fmt.Errorf("field %s: no alphabet %q", f.Name, f.Permitted)
		}
		names[f.Name] = true
	}
	for _, name := range slices.Concat(card.RenewFields, card.ruled()) {
		if !names[name] {
			return fmt.Errorf("no field %q", name)
		}
	}
	for _, d := range card.Documents {
		if d.kinds() == 0 || d.Most < 1 || d.MaxBytes < 1 || d.MaxBytes > request.MaxFile || d.When != nil && !names[d.When.Field] {
			return fmt.Errorf("document %s cannot be given", d.Name)
		}
	}
	return nil
}

// ruled are the fields that the rules name.
func (c *Card) ruled() []string {
	var names []string
	for _, r := range c.Rules {
		for _, name := range append([]string{r.A, r.B, r.Total}, r.Parts...) {
			if name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

// kinds are the formats of the document; 0 when one is none of file.Kinds.
func (d *Document) kinds() file.Kinds {
	var set file.Kinds
	for _, name := range d.Formats {
		found := file.Kinds(0)
		for _, kind := range []file.Kinds{file.PDF, file.DOCX, file.JPEG, file.PNG, file.XML, file.XLSX} {
			if kind.String() == name {
				found = kind
			}
		}
		if found == 0 {
			return 0
		}
		set |= found
	}
	return set
}

// required reports whether the document must be there, by what is filled in.
func (d *Document) required(fields map[string]string) bool {
	if d.When != nil {
		return fields[d.When.Field] == d.When.Equals
	}
	return d.Required
}

// Find is the card of a code.
func Find(code string) (*Card, bool) {
	card, ok := known().byCode[code]
	return card, ok
}

func (c *Card) field(name string) *Field {
	for i := range c.Fields {
		if c.Fields[i].Name == name {
			return &c.Fields[i]
		}
	}
	return nil
}

func (c *Card) document(name string) *Document {
	for i := range c.Documents {
		if c.Documents[i].Name == name {
			return &c.Documents[i]
		}
	}
	return nil
}

// Filter chooses services (row 190). Empty fields choose all.
type Filter struct{ Type, Industry, Body, Document, Words string }

// Search lists the cards that the filter chooses, in the order of the catalogue.
func Search(f Filter) []*Card {
	words := request.Stems(f.Words)
	var found []*Card
	for i := range known().Services {
		card := &known().Services[i]
		if card.fits(f) && request.Fits(known().stems[card.Code], words) {
			found = append(found, card)
		}
	}
	return found
}

func (c *Card) fits(f Filter) bool {
	named := strings.ToLower(f.Document)
	return (f.Type == "" || c.Type == f.Type) && (f.Body == "" || c.Body.Code == f.Body) &&
		(f.Industry == "" || slices.Contains(c.Industries, f.Industry) || slices.Contains(c.Industries, "any")) &&
		(named == "" || slices.ContainsFunc(c.Documents, func(d Document) bool {
			return d.Name == named || strings.Contains(strings.ToLower(d.Title.RU), named) || strings.Contains(strings.ToLower(d.Title.EN), named)
		}))
}
