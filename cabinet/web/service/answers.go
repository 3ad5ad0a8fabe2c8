package service

import (
	"time"

	"propusk/cabinet/web/desk"
	"propusk/cabinet/web/request"
)

// The answers of the API, as far as the pages show them.
type (
	labelled struct {
		Value string `json:"value"`
		Label string `json:"label"`
	}
	body struct {
		Code string `json:"code"`
		Name string `json:"name"`
	}
	card struct {
		Code          string     `json:"code"`
		Type          string     `json:"type"`
		Title         string     `json:"title"`
		Description   string     `json:"description"`
		Industries    []string   `json:"industries"`
		Body          body       `json:"body"`
		Term          string     `json:"term"`
		Fee           string     `json:"fee"`
		Signature     string     `json:"signature"`
		DocumentNames []string   `json:"document_names"`
		Elsewhere     string     `json:"elsewhere"`
		Steps         []string   `json:"steps"`
		ValidMonths   int        `json:"valid_months"`
		Fields        []field    `json:"fields"`
		Documents     []document `json:"documents"`
	}
	field struct {
		Name         string     `json:"name"`
		Section      string     `json:"section"`
		SectionTitle string     `json:"section_title"`
		Label        string     `json:"label"`
		Hint         string     `json:"hint"`
		Kind         string     `json:"kind"`
		Required     bool       `json:"required"`
		Max          int        `json:"max"`
		Choices      []labelled `json:"choices"`
	}
	document struct {
		Name      string   `json:"name"`
		Title     string   `json:"title"`
		Hint      string   `json:"hint"`
		Required  bool     `json:"required"`
		Formats   []string `json:"formats"`
		MaxBytes  int64    `json:"max_bytes"`
		Most      int      `json:"most"`
		Signature string   `json:"signature"`
	}
	item struct {
		ID            string    `json:"id"`
		Service       string    `json:"service"`
		Title         string    `json:"title"`
		State         string    `json:"state"`
		Number        string    `json:"number"`
		Status        string    `json:"status"`
		StatusLabel   string    `json:"status_label"`
		ReviewStatus  string    `json:"review_status"`
		LicenceStatus string    `json:"licence_status"`
		CreatedAt     time.Time `json:"created_at"`
		UpdatedAt     time.Time `json:"updated_at"`
		SubmittedAt   time.Time `json:"submitted_at"`
		ValidUntil    time.Time `json:"valid_until"`
	}
	application struct {
		item
		Renews    string            `json:"renews"`
		Version   int64             `json:"version"`
		Fields    map[string]string `json:"fields"`
		Documents []attached        `json:"documents"`
		Checklist []listed          `json:"checklist"`
		Signature *verdict          `json:"signature"`
		Actions   desk.Actions      `json:"actions"`
	}
	// attachment is a file given for a document of the card.
	attachment struct {
		Document  string `json:"document"`
		File      string `json:"file"`
		Signature string `json:"signature,omitempty"`
	}
	attached struct {
		attachment
		Name string `json:"name"`
		Size int64  `json:"size"` // bytes
	}
	listed struct {
		Document  string `json:"document"`
		Title     string `json:"title"`
		Required  bool   `json:"required"`
		Attached  int    `json:"attached"`
		Missing   bool   `json:"missing"`
		Requested bool   `json:"requested"`
	}
	verdict struct {
		Subject struct {
			CommonName string `json:"common_name"`
		} `json:"subject"`
	}
	checked struct {
		Ready     bool                `json:"ready"`
		Faults    []desk.FieldProblem `json:"faults"`
		Checklist []listed            `json:"checklist"`
		Signature string              `json:"signature"`
	}
	version struct {
		Version   int64             `json:"version"`
		Fields    map[string]string `json:"fields"`
		Author    string            `json:"author"`
		Note      string            `json:"note"`
		CreatedAt time.Time         `json:"created_at"`
	}
	template struct {
		ID      string `json:"id"`
		Service string `json:"service"`
		Title   string `json:"title"`
	}
	// inquiry is the request that a submitted application is.
	inquiry struct {
		DueAt     time.Time      `json:"due_at"`
		Overdue   bool           `json:"overdue"`
		Documents []request.File `json:"documents"`
		Messages  []struct {
			Direction string    `json:"direction"`
			Author    string    `json:"author"`
			Kind      string    `json:"kind"`
			Text      string    `json:"text"`
			CreatedAt time.Time `json:"created_at"`
		} `json:"messages"`
		Actions desk.Actions `json:"actions"`
	}
)
