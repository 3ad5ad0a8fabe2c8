package filing

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// The API's answers, as far as the pages show them (docs/cabinet/filing.md).
type (
	period struct {
		Code   string `json:"code"`
		Name   string `json:"name"`
		Ending bool   `json:"ending"`
	}
	kind struct {
		ID        string   `json:"id"`
		KND       string   `json:"knd"`
		Version   string   `json:"version"`
		Group     string   `json:"group"`
		Name      string   `json:"name"`
		Recipient string   `json:"recipient"`
		Periods   []period `json:"periods"`
		Formats   []string `json:"formats"`
		Template  bool     `json:"template"`
		Fields    []field  `json:"fields"`
	}
	field struct {
		Path     string `json:"path"`
		Line     string `json:"line"`
		Label    string `json:"label"`
		Section  string `json:"section"`
		Kind     string `json:"kind"`
		Expected string `json:"expected"`
		Required bool   `json:"required"`
		Options  []struct {
			Value string `json:"value"`
			Label string `json:"label"`
		} `json:"options"`
		When *struct {
			Path string   `json:"path"`
			Is   []string `json:"is"`
		} `json:"when"`
	}
	brief struct {
		ID          string     `json:"id"`
		Number      string     `json:"number"`
		Type        string     `json:"type"`
		TypeName    string     `json:"type_name"`
		KND         string     `json:"knd"`
		Period      period     `json:"period"`
		Year        int        `json:"year"`
		Correction  int        `json:"correction"`
		State       string     `json:"state"`
		StateLabel  string     `json:"state_label"`
		Format      string     `json:"format"`
		Subject     string     `json:"subject"`
		Office      string     `json:"office"`
		FileName    string     `json:"file_name"`
		ControlCode string     `json:"control_code"`
		BodyNumber  string     `json:"body_number"`
		UpdatedAt   time.Time  `json:"updated_at"`
		SubmittedAt *time.Time `json:"submitted_at"`
	}
	page struct {
		Filings []brief `json:"filings"`
		Next    string  `json:"next"`
	}
	report struct {
		brief
		Values map[string]string `json:"values"`
		File   *struct {
			Name   string `json:"name"`
			Size   int64  `json:"size"`
			SHA256 string `json:"sha256"`
		} `json:"file"`
		Check       *verdict     `json:"check"`
		Signatures  []signature  `json:"signatures"`
		Receipts    []receipt    `json:"receipts"`
		Trouble     string       `json:"trouble"`
		CorrectsID  string       `json:"corrects_id"`
		CorrectedBy string       `json:"corrected_by"`
		Due         string       `json:"due"`
		Actions     desk.Actions `json:"actions"`
	}
	verdict struct {
		At       time.Time `json:"at"`
		Accepted bool      `json:"accepted"`
		Faults   []fault   `json:"faults"`
	}
	fault struct {
		Code     string `json:"code"`
		Severity string `json:"severity"`
		Line     int    `json:"line"`
		Column   int    `json:"column"`
		Element  string `json:"element"`
		Value    string `json:"value"`
		Message  string `json:"message"`
		Advice   string `json:"advice"`
	}
	signature struct {
		ID         string    `json:"id"`
		Signer     string    `json:"signer"`
		Algorithm  string    `json:"algorithm"`
		ValidUntil time.Time `json:"valid_until"`
		Accepted   bool      `json:"accepted"`
		Text       string    `json:"text"`
		Checks     []struct {
			Name   string `json:"name"`
			Status string `json:"status"`
			Text   string `json:"text"`
		} `json:"checks"`
		Authority *struct {
			By          string `json:"by"`
			PowerNumber string `json:"power_number"`
		} `json:"authority"`
		At time.Time `json:"at"`
	}
	receipt struct {
		ID      string     `json:"id"`
		Event   string     `json:"event"`
		Label   string     `json:"label"`
		Number  string     `json:"number"`
		Source  string     `json:"source"`
		Subject string     `json:"subject"`
		Text    string     `json:"text"`
		Due     *time.Time `json:"due"`
		Faults  []struct {
			Code    string `json:"code"`
			Text    string `json:"text"`
			Element string `json:"element"`
			Value   string `json:"value"`
		} `json:"faults"`
		Fields map[string]string `json:"fields"`
		Files  []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"files"`
		At time.Time `json:"at"`
	}
	operation struct {
		FilingID   string    `json:"filing_id"`
		Event      string    `json:"event"`
		Label      string    `json:"label"`
		State      string    `json:"state"`
		StateLabel string    `json:"state_label"`
		Who        string    `json:"who"`
		Text       string    `json:"text"`
		At         time.Time `json:"at"`
	}
	deadline struct {
		Type     string `json:"type"`
		TypeName string `json:"type_name"`
		Period   period `json:"period"`
		Year     int    `json:"year"`
		Due      string `json:"due"`
		Nominal  string `json:"nominal"`
		Days     int    `json:"days"`
		Status   string `json:"status"`
		FilingID string `json:"filing_id"`
	}
)

func (f brief) path() string { return "/cabinet/filings/" + f.ID }

func (f brief) years() string { return strconv.Itoa(f.Year) }

// spoken is the operation number as people read it aloud: in groups of four.
func spoken(number string) string {
	var groups []string
	for len(number) > 4 {
		groups, number = append(groups, number[:4]), number[4:]
	}
	return strings.Join(append(groups, number), " ")
}

// stateKinds are the tags of the states.
var stateKinds = map[string]string{
	"signed": "info", "sent": "info", "delivered": "info", "accepted": "go", "entered": "go", "refused": "stop", "clarification": "wait",
}

func (f brief) tag() pages.Tag { return pages.Tag{Kind: stateKinds[f.State], Text: f.StateLabel} }

// made reports whether the report is filled in here, rather than in a file.
func (f brief) made() bool { return f.Format == "form" || f.Format == "xlsx" }

// has reports whether the kind can be filed in a format.
func (k kind) has(format string) bool {
	return slices.Contains(k.Formats, format)
}

// onlyDigits leaves the digits of what somebody typed or pasted.
func onlyDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}
