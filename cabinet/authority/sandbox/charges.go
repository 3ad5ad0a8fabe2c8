package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"propusk/cabinet/authority"
	"propusk/storage"
)

// charge is what somebody owes, with the fields of ГИС ГМП. What the sandbox does not
// look at it keeps as it came.
type charge map[string]any

func (c charge) text(names ...string) string {
	var v any = map[string]any(c)
	for _, name := range names {
		inner, ok := v.(map[string]any)
		if !ok {
			return ""
		}
		v = inner[name]
	}
	s, _ := v.(string)
	return s
}

func (c charge) uin() string { return c.text("supplierBillID") }

// AddCharge puts a charge into the sandbox's list, or replaces the one with its УИН.
func (s *Sandbox) AddCharge(text []byte) error {
	var c charge
	if err := json.Unmarshal(text, &c); err != nil || c.uin() == "" || c.text("payer", "inn") == "" {
		return badRequest("a charge needs supplierBillID and payer.inn")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.change(change{Charge: c})
}

// HasCharges tells whether anybody owes anything.
func (s *Sandbox) HasCharges() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.state.charges) > 0
}

func (s *Sandbox) addCharge(_ *http.Request, body []byte) (any, error) {
	return map[string]string{}, s.AddCharge(body)
}

func (s *Sandbox) listCharges(r *http.Request, _ []byte) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]any{"charges": s.chargesOf(r.URL.Query().Get("inn"))}, nil
}

// chargesOf are those of a payer, or all. The caller holds the lock.
func (s *Sandbox) chargesOf(inn string) []charge {
	out := []charge{}
	for _, c := range s.state.charges {
		if inn == "" || c.text("payer", "inn") == inn {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b charge) int { return compareText(a.uin(), b.uin()) })
	return out
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// chargeFiles are the answer to an inquiry for charges: the list, and the documents
// that it names, each one page. The caller holds the lock.
func (s *Sandbox) chargeFiles(sub authority.Submission, a authority.Answer) []authority.File {
	if sub.Kind != "charges" || a.Event != authority.Result || len(a.Files) > 0 {
		return nil
	}
	list := s.chargesOf(sub.INN)
	content, err := json.Marshal(map[string]any{"charges": list})
	if err != nil {
		s.console.say("failed", sub.ID, err.Error())
		return nil
	}
	files := []authority.File{{Name: "charges.json", MediaType: "application/json", Content: content}}
	for _, c := range list {
		documents, _ := c["documents"].([]any)
		for _, d := range documents {
			one, _ := d.(map[string]any)
			if name, _ := one["file"].(string); name != "" {
				files = append(files, authority.File{Name: name, MediaType: "application/pdf", Content: onePage("Decision (sandbox)", "UIN "+c.uin(), fmt.Sprintf("INN %s", sub.INN))})
			}
		}
	}
	return files
}

// settleCharge adds what was paid of a charge. The caller holds the lock.
func (s *Sandbox) settleCharge(uin string, amount int64) error {
	old, known := s.state.charges[uin]
	if !known {
		return nil
	}
	paid, _ := old["amountPaid"].(float64)
	settled := charge{}
	for name, value := range old {
		settled[name] = value
	}
	settled["amountPaid"] = paid + float64(amount)
	return s.change(change{Charge: settled})
}

// removeCharge marks a charge as withdrawn.
func (s *Sandbox) removeCharge(r *http.Request, _ []byte) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, known := s.state.charges[r.PathValue("uin")]
	if !known {
		return nil, storage.ErrNotFound
	}
	gone := charge{}
	for name, value := range old {
		gone[name] = value
	}
	gone["cancelled"] = true
	return gone, s.change(change{Charge: gone})
}
