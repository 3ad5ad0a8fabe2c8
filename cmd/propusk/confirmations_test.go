package main

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/notice"
	"propusk/idp/client"
)

// What an application asks a person to confirm stands under the bell of his organisation
// and goes to his devices, through a whole house; e-mail is written once, by the issuer.
func TestARequestForAPersonStandsInHisCabinet(t *testing.T) {
	t.Parallel()
	b, h := newHouse(t)
	organisation, member := peopled(t, b)
	person, err := h.directory.Person(t.Context(), member.PersonID)
	if err != nil {
		t.Fatal(err)
	}
	created, secret, err := h.clients.Create(t.Context(), client.Client{
		Name: "Банк «Рассвет»", NameEN: "Dawn Bank", Kind: client.Web, GrantTypes: []string{client.GrantCIBA}, Scope: "openid",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.jobs.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.jobs.Stop(t.Context()) })
	p := program{t: t, h: h, token: "Basic " + base64.StdEncoding.EncodeToString([]byte(created.ID+":"+secret))}
	form := url.Values{"scope": {"openid"}, "login_hint": {person.Email}, "binding_message": {"W4SCT"}}
	status, answer := p.ask(http.MethodPost, "/oauth2/bc-authorize", "application/x-www-form-urlencoded", form.Encode())
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, answer)
	}
	var rows []struct {
		Type           string `db:"type"`
		OrganisationID string `db:"organisation_id"`
		Texts          string `db:"texts"`
		Path           string `db:"path"`
	}
	for end := time.Now().Add(time.Minute); len(rows) < 2 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		err := h.db.Select(t.Context(), &rows, `SELECT n.type, n.organisation_id, e.texts, e.path FROM notices n JOIN notice_events e ON e.id = n.event_id
			WHERE n.person_id = $1 AND n.type LIKE 'security.confirmation%' ORDER BY n.type`, person.ID)
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(rows) != 2 || rows[0].Type != notice.ConfirmationRequested || rows[0].OrganisationID != "" ||
		rows[1].Type != notice.ConfirmationWaiting || rows[1].OrganisationID != organisation.ID {
		t.Fatalf("%+v", rows)
	}
	for _, row := range rows {
		if !strings.HasPrefix(row.Path, "/confirmations/") || !strings.Contains(row.Texts, "W4SCT") || !strings.Contains(row.Texts, "Dawn Bank") {
			t.Errorf("%+v", row)
		}
	}
	var mails int64
	if err := h.db.Get(t.Context(), &mails, `SELECT COUNT(*) FROM notice_deliveries WHERE channel <> 'push'`); err != nil || mails != 0 {
		t.Errorf("the cabinet writes %d times beside the issuer, %v", mails, err)
	}
}
