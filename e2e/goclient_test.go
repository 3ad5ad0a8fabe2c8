package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/oauth2/clientcredentials"

	"propusk/cabinet/filing/reporttest"
	api "propusk/client"
)

// TestGoClientFitsTheServer: the generated client was made from what this server
// serves, and a program that uses it gets things done.
func TestGoClientFitsTheServer(t *testing.T) {
	t.Parallel()
	s := demo(t)
	_, served := fetch(t, s.API+"/v1/openapi.json")
	committed, err := os.ReadFile(filepath.Join("..", "client", "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	served = bytes.ReplaceAll(served, []byte(s.Issuer), []byte("https://propusk.example"))
	if compact(t, served) != compact(t, committed) {
		t.Fatal("the API has changed since the client was generated: run `make client`")
	}
	program := s.clientNamed(t, "exchange-mayak")
	source := clientcredentials.Config{ClientID: program.ID, ClientSecret: program.Secret, TokenURL: s.Issuer + "/oauth2/token"}
	cabinet, err := api.NewClientWithResponses(s.API, api.WithHTTPClient(source.Client(t.Context())))
	if err != nil {
		t.Fatal(err)
	}
	own, err := cabinet.GetOrganizationWithResponse(t.Context())
	if err != nil || own.JSON200 == nil {
		t.Fatalf("the organisation: %v %s", err, own.Body)
	}
	o := s.organisation(t, program.Organisation)
	if own.JSON200.Inn != o.INN {
		t.Errorf("the organisation: %+v, want %+v", own.JSON200, o)
	}
	goClientFiles(t, cabinet, o)
	missing, err := cabinet.GetFilingWithResponse(t.Context(), uuid.New())
	if err != nil || missing.ApplicationProblemJSONDefault == nil || missing.ApplicationProblemJSONDefault.Code != "not_found" {
		t.Errorf("a filing that is not there: %v %s", err, missing.Body)
	}
}

// goClientFiles uploads a return and finds it in the list.
func goClientFiles(t *testing.T, cabinet *api.ClientWithResponses, o organisation) {
	t.Helper()
	report := reporttest.Good("NO_NDS", reporttest.Head{
		Filer: reporttest.Filer{INN: o.INN, KPP: o.INN[:4] + "01001", Name: "ООО «Северный маяк»"}, Year: 2024, Period: "21",
	})
	kind, body := multipartFile(report.Name, report.Content)
	uploaded, err := cabinet.UploadFilingWithBodyWithResponse(t.Context(), &api.UploadFilingParams{}, kind, bytes.NewReader(body))
	if err != nil || uploaded.JSON201 == nil {
		t.Fatalf("upload: %v %s", err, uploaded.Body)
	}
	list, err := cabinet.ListFilingsWithResponse(t.Context(), &api.ListFilingsParams{})
	if err != nil || list.StatusCode() != http.StatusOK || len(list.JSON200.Filings) == 0 || list.JSON200.Filings[0].ID != uploaded.JSON201.ID {
		t.Errorf("the list: %v %s", err, list.Body)
	}
}

// clientNamed is a client of the site by its id.
func (s *site) clientNamed(t *testing.T, id string) client {
	t.Helper()
	for _, c := range s.Clients {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("no client %s", id)
	return client{}
}

func compact(t *testing.T, text []byte) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Compact(&out, text); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
