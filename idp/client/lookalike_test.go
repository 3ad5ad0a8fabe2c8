package client

import (
	"errors"
	"strings"
	"testing"
)

// Attack: an organisation registers an application that people take for one of ours, and
// consent to: the same name, other case, letters of another script, marks in between.
func TestNobodyElsesApplicationIsCalledAsOurs(t *testing.T) {
	h := alone(t)
	h.deps.Names = []string{"Кабинет организации", "Company cabinet", "Пропуск", "Propusk"}
	for _, name := range []string{
		"Кабинет организации", "кабинет  ОРГАНИЗАЦИИ", "Кaбинeт opгaнизaции", "Кабинет-организации.", "Propusk", "Рrорusк", "PROPUSK",
		"Пропуск®", "Со\u0301mpany саbinet",
	} {
		_, _, err := h.Create(t.Context(), Client{Name: name, Kind: Service, OrganisationID: h.romashka.ID, GrantTypes: []string{GrantClientCredentials}})
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "own applications") {
			t.Errorf("%q: %v", name, err)
		}
	}
	ours, _ := h.made(Client{Name: "Учёт", Kind: Service, OrganisationID: h.romashka.ID, GrantTypes: []string{GrantClientCredentials}})
	_, err := h.Change(t.Context(), ours.ID, func(c *Client) error { c.NameEN = "Company Cabinet"; return nil })
	if !errors.Is(err, ErrInvalid) {
		t.Errorf("renamed: %v", err)
	}
	if _, err = h.Change(t.Context(), ours.ID, func(c *Client) error { c.Name = "Кабинет бухгалтера"; return nil }); err != nil {
		t.Errorf("a name of its own: %v", err)
	}
	h.made(Client{Name: "Propusk", Kind: Service, GrantTypes: []string{GrantClientCredentials}}) // by command
}
