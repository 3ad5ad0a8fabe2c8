package power

import (
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// The API's answers, as far as the pages show them (docs/cabinet/power.md).
type (
	party struct {
		Kind  string `json:"kind"`
		Name  string `json:"name"`
		INN   string `json:"inn"`
		OGRN  string `json:"ogrn"`
		SNILS string `json:"snils"`
	}
	code struct {
		Code        string   `json:"code"`
		Label       string   `json:"label"`
		Permissions []string `json:"permissions"`
	}
	power struct {
		ID             string       `json:"id"`
		Number         string       `json:"number"`
		Form           string       `json:"form"`
		FormLabel      string       `json:"form_label"`
		Status         string       `json:"status"`
		StatusLabel    string       `json:"status_label"`
		Reason         string       `json:"reason"`
		Principal      party        `json:"principal"`
		Representative party        `json:"representative"`
		Powers         []code       `json:"powers"`
		Allows         []string     `json:"allows"`
		Delegation     int          `json:"delegation"` // how often it may be handed on
		Irrevocable    bool         `json:"irrevocable"`
		IssuedOn       string       `json:"issued_on"`
		Until          string       `json:"until"`
		ParentID       string       `json:"parent_id"`
		ReplacesID     string       `json:"replaces_id"`
		EndedAt        *time.Time   `json:"ended_at"`
		Validation     *validation  `json:"validation"`
		Performers     []string     `json:"performers"`
		HasFile        bool         `json:"has_file"`
		HasSignature   bool         `json:"has_signature"`
		Actions        desk.Actions `json:"actions"`
	}
	validation struct {
		Status   string `json:"status"`
		Messages []struct {
			Code    string `json:"code"`
			Warning bool   `json:"warning"`
			Line    int    `json:"line"`
			Column  int    `json:"column"`
			Text    string `json:"text"`
		} `json:"messages"`
		Signature *struct {
			Accepted bool   `json:"accepted"`
			Text     string `json:"text"`
			Signer   string `json:"signer"`
			Checks   []struct {
				Name   string `json:"name"`
				Status string `json:"status"`
				Code   string `json:"code"`
				Text   string `json:"text"`
			} `json:"checks"`
		} `json:"signature"`
	}
	page struct {
		Powers []power `json:"powers_of_attorney"`
		Next   string  `json:"next"`
	}
	member struct {
		ID     string `json:"id"`
		Person struct {
			Name string `json:"name"`
		} `json:"person"`
	}
)

// other is the side that is not ours.
func (p power) other(side string) party {
	if side == "given" {
		return p.Principal
	}
	return p.Representative
}

var statusKinds = map[string]string{"draft": "wait", "checking": "wait", "active": "go", "refused": "stop", "revoked": "stop"}

func (p power) tag() pages.Tag { return pages.Tag{Kind: statusKinds[p.Status], Text: p.StatusLabel} }

// day reads a date of the API; the zero time for none.
func day(text string) time.Time {
	at, err := desk.Day(text)
	if err != nil {
		return time.Time{}
	}
	return at
}

// checkLines are the checks of a signature.
func (val *validation) checkLines(v *desk.Visit) []pages.CheckLine {
	if val == nil || val.Signature == nil {
		return nil
	}
	lines := make([]pages.CheckLine, len(val.Signature.Checks))
	for i, c := range val.Signature.Checks {
		lines[i] = pages.CheckLine{Name: v.T("power.check." + c.Name), Status: c.Status, Text: c.Text, Code: c.Code}
	}
	return lines
}
