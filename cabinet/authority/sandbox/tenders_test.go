package sandbox_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/authority"
	"propusk/cabinet/authority/authoritytest"
	"propusk/cabinet/authority/httpsig"
	"propusk/cabinet/authority/sandbox"
	"propusk/storage"
)

// opened is a sandbox over a folder, and a client of its register of procurements.
func opened(t *testing.T, dir string) (*sandbox.Sandbox, *authority.Tenders, *httptest.Server) {
	t.Helper()
	ours, theirs := authoritytest.Signer(t, 1), authoritytest.Signer(t, 2)
	box, err := sandbox.New(sandbox.Deps{
		Dir: dir, Signer: theirs, AdminToken: "admin", Key: func(id string) (httpsig.Public, bool) { return ours.Public, id == ours.ID },
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	client, err := authority.NewTenders(authority.Body{Name: "zakupki", URL: server.URL, Keys: []httpsig.Public{theirs.Public}}, ours, time.Now, nil)
	if err != nil {
		t.Fatal(err)
	}
	return box, client, server
}

// TestTheRegisterOfProcurementsIsReadByTurnsAndKept over a restart of the sandbox.
func TestTheRegisterOfProcurementsIsReadByTurnsAndKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	box, client, server := opened(t, dir)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	first := authority.Tender{Number: "0173100004526000001", Object: "Первая"}
	must(box.AddTender(first, authority.File{Name: "a.txt", Content: []byte("a")}, authority.File{Name: "b.txt", Content: []byte("b")}))
	must(box.AddTender(authority.Tender{Number: "0173100004526000002", Object: "Вторая"}))
	must(box.AddTender(authority.Tender{Number: "0173100004526000001", Object: "Первая, исправленная"}))
	must(box.AddParticipant(authority.Participant{INN: "7801234564", Number: "26000017"}))
	must(box.AddParticipation("7801234564", authority.Participation{Number: "Z-1", Outcome: "won"}))
	page, err := client.Since(t.Context(), "")
	must(err)
	if page.Next != "3" || objects(t, page) != "Вторая, Первая, исправленная" {
		t.Errorf("%s %s", page.Next, objects(t, page))
	}
	if rest, err := client.Since(t.Context(), page.Next); err != nil || rest.Next != "" || len(rest.Tenders) != 0 {
		t.Errorf("%+v %v", rest, err)
	}
	if _, err := client.Document(t.Context(), first.Number, "9"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if _, err := client.Participant(t.Context(), "7707083893"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("%v", err)
	}
	server.Close()
	must(box.Close())
	box, client, server = opened(t, dir)
	if p, err := client.Participant(t.Context(), "7801234564"); err != nil || p.Number != "26000017" || !box.HasTenders() {
		t.Errorf("%+v %v", p, err)
	}
	if parts, err := client.Participations(t.Context(), "7801234564", ""); err != nil || len(parts.Participations) != 1 || parts.Next == "" {
		t.Errorf("%+v %v", parts, err)
	}
	admin(t, server.URL, "/admin/tenders", `{"tender":{"number":"0173100004526000003","object":"Третья"},"files":[{"name":"c.txt","media_type":"text/plain","content":"Yw=="}]}`, http.StatusOK)
	admin(t, server.URL, "/admin/tenders", `{"tender":{"number":"3"}}`, http.StatusBadRequest)
	admin(t, server.URL, "/admin/participations", `{"inn":"7801234564","participation":{"number":"Z-2"}}`, http.StatusOK)
	admin(t, server.URL, "/admin/participations", `{}`, http.StatusBadRequest)
	if content, err := client.Document(t.Context(), "0173100004526000003", "1"); err != nil || string(content) != "c" {
		t.Errorf("%q %v", content, err)
	}
	if answer, err := http.Get(server.URL + "/tenders"); err != nil || answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("an unsigned question was answered: %v", err)
	} else {
		answer.Body.Close()
	}
}

func objects(t *testing.T, page authority.TenderPage) string {
	t.Helper()
	var names []string
	for _, raw := range page.Tenders {
		var a authority.Tender
		if err := json.Unmarshal(raw, &a); err != nil {
			t.Fatal(err)
		}
		names = append(names, a.Object)
	}
	return strings.Join(names, ", ")
}

func admin(t *testing.T, url, path, body string, status int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+path, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer admin")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != status {
		t.Errorf("%s %s: %d", path, body, answer.StatusCode)
	}
}

// TestRulesOfTendersAreWhole: what the built-in rules and those of a demo answer.
func TestRulesOfTendersAreWhole(t *testing.T) {
	t.Parallel()
	lost, quiet := sandbox.TenderRule("0173100004526000001", "lost", 2, " причина "), sandbox.TenderRule("0173100004526000002", "", 0, "")
	if len(lost.Answers) != 2 || lost.Answers[1].Fields["outcome"] != "lost" || lost.Answers[1].Fields["comment"] != "причина" || len(quiet.Answers) != 1 {
		t.Errorf("%+v %+v", lost, quiet)
	}
}
