package notice

import (
	"context"
	"errors"
	"net/http"

	"propusk/cabinet/api"
	"propusk/storage"
)

// settingsView is settings as the API shows them.
type settingsView struct {
	Settings
	// Origin is where they come from: own, organization, default.
	Origin     string       `json:"origin"`
	UpdatedAt  storage.Time `json:"updated_at"`
	Categories []labelled   `json:"categories"`
	Actions    []api.Action `json:"actions,omitempty"`
}

// labelled is a category with its name.
type labelled struct {
	Category Category `json:"category"`
	Label    string   `json:"label"`
}

var categoryLabels = map[Category][2]string{
	Filing: {"Отчётность", "Filings"}, Deadline: {"Сроки", "Deadlines"}, Application: {"Заявления", "Applications"},
	Appeal: {"Обращения", "Appeals"}, Requirement: {"Требования", "Requirements"}, Document: {"Документы", "Documents"},
	Extract: {"Выписки и справки", "Extracts and certificates"}, Finance: {"Начисления и платежи", "Accruals and payments"}, Tender: {"Закупки", "Tenders"},
	Member: {"Сотрудники", "Members"},
	Power:  {"Доверенности", "Powers of attorney"}, Security: {"Безопасность", "Security"},
	Organisation: {"Организация", "Organisation"}, News: {"Новости", "News"},
}

func settingsOfHeld(h held, lang string) settingsView {
	v := settingsView{Settings: h.Settings, Origin: h.Origin, UpdatedAt: h.UpdatedAt}
	for _, c := range Categories() {
		label := categoryLabels[c][0]
		if lang == "en" {
			label = categoryLabels[c][1]
		}
		v.Categories = append(v.Categories, labelled{c, label})
	}
	return v
}

func settingsTag(h held) string { return api.EntityTag(h.Version, h.UpdatedAt) }

// readSettings reads and checks the body of a PUT.
func readSettings(c api.Call) (Settings, error) {
	var s Settings
	if err := api.ReadObject(c, &s); err != nil {
		return s, err
	}
	if s.TimeZone == "" {
		s.TimeZone = Defaults().TimeZone
	}
	return s, api.Invalid(faultsOf(s.check())...)
}

func faultsOf(found []Fault) (faults []api.FieldFault) {
	for _, f := range found {
		faults = append(faults, api.FieldFault{Pointer: f.Pointer, Code: f.Code})
	}
	return faults
}

func (n *Notices) getSettings(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	return n.answerSettings(c, c.Person())
}

func (n *Notices) answerSettings(c api.Call, personID string) error {
	h, err := n.settings(c.Ctx(), c.Organisation(), personID)
	if err != nil {
		return err
	}
	v := settingsOfHeld(h, c.Lang())
	if personID == "" {
		route := api.Act{Name: "change", Scope: "organization:write", Permission: "organization:write", ACR: "urn:propusk:2"}
		if v.Actions, err = c.Actions(route); err != nil {
			return err
		}
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, settingsTag(h), v)
}

func (n *Notices) putSettings(c api.Call) error { return n.changeSettings(c, c.Person()) }

// changeSettings replaces a person's settings, or with personID "" those of the
// organisation.
func (n *Notices) changeSettings(c api.Call, personID string) error {
	s, err := readSettings(c)
	if err != nil {
		return err
	}
	err = n.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		h, err := n.settings(ctx, c.Organisation(), personID)
		if err != nil {
			return err
		}
		if err := c.Matches(settingsTag(h)); err != nil {
			return err
		}
		var seen *int64
		if h.Origin == "own" || personID == "" && h.Version > 0 {
			seen = &h.Version
		}
		return n.setSettings(ctx, c.Actor(), c.Organisation(), personID, s, seen)
	})
	if errors.Is(err, storage.ErrExists) {
		return api.Refuse("version_changed").Wrap(err)
	}
	if err != nil {
		return err
	}
	return n.answerSettings(c, personID)
}

func (n *Notices) deleteSettings(c api.Call) error {
	if err := n.dropSettings(c.Ctx(), c.Actor(), c.Organisation(), c.Person()); err != nil {
		return err
	}
	return api.NoContent(c)
}

func (n *Notices) getCommon(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	return n.answerSettings(c, "")
}

func (n *Notices) putCommon(c api.Call) error { return n.changeSettings(c, "") }

func (n *Notices) deleteCommon(c api.Call) error {
	if err := n.dropSettings(c.Ctx(), c.Actor(), c.Organisation(), ""); err != nil {
		return err
	}
	return api.NoContent(c)
}
