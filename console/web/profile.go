package web

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// block is a part of an organisation's profile as the API tells it.
type block map[string]any

type (
	difference struct {
		Field      string `json:"field"`
		Entered    string `json:"entered"`
		Registered string `json:"registered"`
	}
	attachment struct {
		ID   string `json:"id"`
		Kind string `json:"kind"`
		Name string `json:"name"`
		Size int64  `json:"size"`
	}
	basis struct {
		Kind   string    `json:"kind"`
		Detail string    `json:"detail"`
		At     time.Time `json:"at"`
	}
	// registration is what somebody wants to register.
	registration struct {
		Kind      string                     `json:"kind"`
		Raw       map[string]json.RawMessage `json:"draft"`
		Draft     map[string]block           `json:"-"`
		Documents []attachment               `json:"documents"`
		Check     *struct {
			Result      string       `json:"result"`
			Message     string       `json:"message"`
			Differences []difference `json:"differences"`
		} `json:"check"`
		Authority *basis `json:"authority"`
		ListedAs  string `json:"listed_as"`
	}
	// change is what somebody wants to change.
	change struct {
		Block       string       `json:"block"`
		Before      block        `json:"before"`
		After       block        `json:"after"`
		Attachments []attachment `json:"attachments"`
		Differences []difference `json:"differences"`
	}
)

// UnmarshalJSON keeps the blocks of the draft and leaves out what is none.
func (r *registration) UnmarshalJSON(data []byte) error {
	type plain registration
	if err := json.Unmarshal(data, (*plain)(r)); err != nil {
		return fmt.Errorf("read a registration: %w", err)
	}
	r.Draft = map[string]block{}
	for name, raw := range r.Raw {
		var one block
		if json.Unmarshal(raw, &one) == nil {
			r.Draft[name] = one
		}
	}
	return nil
}

// blocks of a profile in the order in which people fill them in.
var blocks = []string{"requisites", "contacts", "bank", "activities", "taxes"}

// order of the fields of a block; others follow by name.
var order = []string{
	"name", "full_name", "inn", "kpp", "ogrn", "legal_form", "ownership_form", "address", "head", "last_name", "first_name", "middle_name", "position",
	"actual_address", "phone", "email", "website", "accounts", "main", "additional", "tax_office", "oktmo", "regimes", "reports", "methods",
}

// draw adds the registration to a card.
func (r *registration) draw(v *desk.Visit, c *card, page string) {
	for _, name := range blocks {
		if lines := r.Draft[name].pairs(v); len(lines) > 0 {
			c.Sections = append(c.Sections, section{Title: "console.block." + name, Pairs: lines})
		}
	}
	if r.ListedAs != "" {
		c.Sections[0].Pairs = append(c.Sections[0].Pairs, pair("console.moderation.listed", r.ListedAs))
	}
	if r.Authority != nil {
		c.Sections[0].Pairs = append(c.Sections[0].Pairs, pages.Pair{Label: "console.moderation.authority", Text: named(v, "authority", r.Authority.Kind), Under: r.Authority.Detail})
	}
	if r.Check != nil {
		t := differencesTable(v, r.Check.Differences)
		t.Text = r.Check.Message
		c.Tables = append(c.Tables, t)
	}
	c.Tables = append(c.Tables, filesTable(v, r.Documents, page))
}

// draw adds the change to a card: what stands there now beside what would.
func (ch *change) draw(v *desk.Visit, c *card, page string) {
	t := table{Title: "console.block." + ch.Block, Heads: []string{"console.moderation.field", "console.moderation.before", "console.moderation.after"}, None: "console.moderation.same"}
	both := maps.Clone(ch.Before)
	if both == nil {
		both = block{}
	}
	maps.Copy(both, ch.After)
	for _, name := range both.names() {
		before, after := text(v, ch.Before[name]), text(v, ch.After[name])
		if before != after {
			t.Rows = append(t.Rows, []cell{words(named(v, "field", name)), words(orDash(before)), words(orDash(after))})
		}
	}
	c.Tables = append(c.Tables, t)
	if len(ch.Differences) > 0 {
		c.Tables = append(c.Tables, differencesTable(v, ch.Differences))
	}
	c.Tables = append(c.Tables, filesTable(v, ch.Attachments, page))
}

func differencesTable(v *desk.Visit, found []difference) table {
	t := table{Title: "console.moderation.check", Heads: []string{"console.moderation.field", "console.moderation.entered", "console.moderation.registered"}, None: "console.moderation.check.same"}
	for _, one := range found {
		t.Rows = append(t.Rows, []cell{words(fieldName(v, one.Field)), words(orDash(one.Entered)), words(orDash(one.Registered))})
	}
	return t
}

func filesTable(v *desk.Visit, files []attachment, page string) table {
	t := table{Title: "console.moderation.files", Heads: []string{"console.moderation.file", "console.moderation.size"}, None: "console.moderation.files.none"}
	if len(files) > 0 {
		t.Text = "console.moderation.files.text"
	}
	for _, one := range files {
		under := ""
		if one.Kind != "" {
			under = named(v, "document", one.Kind)
		}
		t.Rows = append(t.Rows, []cell{link(one.Name, page+"/files/"+desk.Escape(one.ID), under), words(pages.Size(v.Lang(), one.Size))})
	}
	return t
}

// names are the members of a block in their order.
func (b block) names() []string {
	rank := func(name string) int {
		if at := slices.Index(order, name); at >= 0 {
			return at
		}
		return len(order)
	}
	return slices.SortedFunc(maps.Keys(b), func(a, c string) int {
		if byRank := rank(a) - rank(c); byRank != 0 {
			return byRank
		}
		return strings.Compare(a, c)
	})
}

// pairs are the members that say something.
func (b block) pairs(v *desk.Visit) (lines []pages.Pair) {
	for _, name := range b.names() {
		if value := text(v, b[name]); value != "" {
			lines = append(lines, pair(named(v, "field", name), value))
		}
	}
	return lines
}

// fieldName says a field that the API names by a path: "requisites.name".
func fieldName(v *desk.Visit, path string) string {
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '/' })
	if len(parts) == 0 {
		return path
	}
	return named(v, "field", parts[len(parts)-1])
}

// text says a value of any shape in one line.
func text(v *desk.Visit, value any) string {
	switch is := value.(type) {
	case nil:
		return ""
	case string:
		return is
	case bool:
		return v.T(map[bool]string{true: "console.yes", false: "console.no"}[is])
	case []any:
		return listed(v, is)
	case map[string]any:
		return grouped(v, is)
	default:
		return fmt.Sprint(is)
	}
}

func listed(v *desk.Visit, values []any) string {
	parts := make([]string, 0, len(values))
	for _, one := range values {
		if said := text(v, one); said != "" {
			parts = append(parts, said)
		}
	}
	return strings.Join(parts, "; ")
}

func grouped(v *desk.Visit, values map[string]any) string {
	var parts []string
	for _, name := range block(values).names() {
		if said := text(v, values[name]); said != "" {
			parts = append(parts, said)
		}
	}
	return strings.Join(parts, ", ")
}
