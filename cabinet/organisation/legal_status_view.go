package organisation

import (
	"net/http"
	"strings"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/storage"
)

// statusView is the tab «Правовой статус» (row 279). Persons' numbers are not in
// it; the register publishes names only.
type statusView struct {
	Found          bool              `json:"found"` // the register knows the organisation
	INN            string            `json:"inn"`
	OGRN           string            `json:"ogrn"`
	Registered     authority.Date    `json:"registered"`
	Name           string            `json:"name"`
	FullName       string            `json:"full_name"`
	Address        string            `json:"address"`
	Head           string            `json:"head"`
	Status         statusCode        `json:"status"`
	Form           statusCode        `json:"form"` // ОПФ
	Licences       []licenceView     `json:"licences"`
	Restrictions   []restrictionView `json:"restrictions"`
	CourtDecisions []restrictionView `json:"court_decisions"`
	Gates          []gate            `json:"gates"`
	ExtractDate    authority.Date    `json:"extract_date"`
	CheckedAt      storage.Time      `json:"checked_at"`
	ChangedAt      storage.Time      `json:"changed_at"`
	Refreshing     bool              `json:"refreshing"` // the register is being asked again
	Fault          string            `json:"fault"`      // registry_unavailable: this is the last answer
	Actions        []api.Action      `json:"actions"`
}

type statusCode struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

type licenceView struct {
	Number     string         `json:"number"`
	From       authority.Date `json:"from"`
	Until      authority.Date `json:"until"`
	Activities []string       `json:"activities"`
	Issuer     string         `json:"issuer"`
	Suspended  authority.Date `json:"suspended_on"`
}

type restrictionView struct {
	Code  string         `json:"code"`
	Text  string         `json:"text"`
	Since authority.Date `json:"since"`
}

func (s snapshot) statusView() statusView {
	r := s.Record.V
	is := registered(r)
	v := statusView{
		Found: s.Found, INN: r.INN, OGRN: r.OGRN, Registered: r.OGRNDate, Name: is.Name, FullName: r.FullName, Address: is.Address,
		Head: is.Head.FullName(), Status: statusCode{r.Status.Code, statusName(r)}, Form: statusCode{r.Form.Code, r.Form.Name},
		Licences: []licenceView{}, Restrictions: []restrictionView{}, CourtDecisions: []restrictionView{},
		ExtractDate: r.ExtractDate, CheckedAt: s.CheckedAt, ChangedAt: s.ChangedAt, Fault: s.Fault,
	}
	for _, l := range r.Licences {
		v.Licences = append(v.Licences, licenceView{l.Number, l.From, l.Until, api.List(l.Activities), l.Issuer, l.SuspendedOn})
	}
	for _, one := range r.Restrictions {
		view := restrictionView{one.Code, one.Text, one.Entered}
		v.Restrictions = append(v.Restrictions, view)
		if courts(one) {
			v.CourtDecisions = append(v.CourtDecisions, view)
		}
	}
	v.Gates = gates(s)
	return v
}

// courts reports whether a restriction comes from a court: bankruptcy and
// disqualification always do (127-ФЗ; КоАП РФ ст. 3.11), others say so.
func courts(r authority.Restriction) bool {
	switch r.Code {
	case authority.RestrictionBankruptcy, authority.RestrictionDisqualified:
		return true
	}
	for word := range strings.FieldsSeq(fold(r.Text)) {
		if strings.HasPrefix(word, "суд") || strings.HasPrefix(word, "арбитраж") {
			return true
		}
	}
	return false
}

// gate says whether the legal status lets the organisation take part in something
// (row 293), and what stands against it.
type gate struct {
	Gate    string   `json:"gate"` // procurement, subsidies
	Open    bool     `json:"open"`
	Reasons []string `json:"reasons"` // codes of restrictions, inactive, unknown
}

// closing are the restrictions that close each gate: liquidation, bankruptcy and
// a head under disqualification for procurement (44-ФЗ ст. 31 ч. 1); for subsidies
// reorganisation too (ПП РФ от 25.10.2023 № 1782, п. 5 Правил).
var closing = []struct {
	gate  string
	codes []string
}{
	{"procurement", []string{
		authority.RestrictionLiquidation, authority.RestrictionBankruptcy, authority.RestrictionDisqualified, authority.RestrictionStriking,
	}},
	{"subsidies", []string{
		authority.RestrictionLiquidation, authority.RestrictionBankruptcy, authority.RestrictionDisqualified, authority.RestrictionStriking,
		authority.RestrictionReorganisation,
	}},
}

func gates(s snapshot) []gate {
	list := make([]gate, len(closing))
	for i, rule := range closing {
		list[i] = gate{Gate: rule.gate, Reasons: reasons(s, rule.codes)}
		list[i].Open = len(list[i].Reasons) == 0
	}
	return list
}

func reasons(s snapshot, codes []string) []string {
	found := []string{}
	switch {
	case !s.Found:
		return append(found, "unknown")
	case !s.Record.V.Active():
		return append(found, "inactive")
	}
	for _, code := range codes {
		for _, r := range s.Record.V.Restrictions {
			if r.Code == code {
				found = append(found, code)
				break
			}
		}
	}
	return found
}

// legalStatus answers GET /v1/organization/legal-status.
func (o *Organisations) legalStatus(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	s, refreshing, err := o.status(c)
	if err != nil {
		return err
	}
	v := s.statusView()
	v.Refreshing = refreshing
	v.Actions, err = c.Actions(
		api.ActOf("download", o.route("GET", "/v1/organization/legal-status/document")).Unless(o.Paper != nil && s.Found, "legal_status_unprinted"),
		api.ActOf("ask_correction", o.route("POST", "/v1/organization/legal-status/corrections")).Unless(s.Found, "organization_unknown"),
	)
	if err != nil {
		return err
	}
	return api.Answer(c, http.StatusOK, "", v)
}
