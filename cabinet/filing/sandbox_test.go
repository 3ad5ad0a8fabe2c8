package filing_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/authority/authoritytest"
	"propusk/cabinet/authority/httpsig"
	"propusk/cabinet/authority/sandbox"
	"propusk/cabinet/cabinettest"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/storagetest"
)

// newSandboxWorld is a cabinet whose body is the sandbox, over real HTTP both ways.
func newSandboxWorld(t *testing.T, db *storage.DB, rules ...sandbox.Rule) *world {
	t.Helper()
	var gateway *authority.Gateway
	callbacks := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { gateway.ServeHTTP(rw, r) }))
	t.Cleanup(callbacks.Close)
	office := httptest.NewServer(runSandbox(t, callbacks.URL, rules))
	t.Cleanup(office.Close)
	w := &world{aimed: map[string]string{}, offices: map[string]*cabinettest.Office{}}
	w.World = cabinettest.New(t, db, func(b cabinettest.Base) []api.Room {
		host, err := url.Parse(callbacks.URL)
		must(t, err)
		gateway, err = authority.New(authority.Deps{
			DB: b.DB, Jobs: b.Jobs, Ephemeral: b.Memory, Now: time.Now, Log: b.Log, Host: host.Host, Signer: authoritytest.Signer(t, 1),
			Organisations: func(context.Context, string, string) (string, error) { return "", storage.ErrNotFound },
			Bodies: []authority.Body{{
				Name: "sandbox", URL: office.URL, Recipients: []string{"*"}, Keys: []httpsig.Public{authoritytest.Signer(t, 2).Public},
			}},
		})
		must(t, err)
		w.filings, w.room = newRoom(t, b, gateway)
		return []api.Room{w.room}
	})
	return w
}

// runSandbox starts an agency with rules of its own that answers at once.
func runSandbox(t *testing.T, callback string, rules []sandbox.Rule) *sandbox.Sandbox {
	t.Helper()
	ours := authoritytest.Signer(t, 1)
	box, err := sandbox.New(sandbox.Deps{
		Signer: authoritytest.Signer(t, 2), Callback: callback + authority.CallbackPath, Rules: rules,
		Key: func(id string) (httpsig.Public, bool) { return ours.Public, id == ours.ID },
	})
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- box.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = box.Close()
	})
	return box
}

// until works until a filing has come to a state.
func (w *world) until(o *office, id, state string) one {
	w.T.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		w.Clock.Advance(100 * time.Millisecond)
		w.Work()
		f := w.read(o, id)
		if f.State == state {
			return f
		}
		if time.Now().After(deadline) {
			w.T.Fatalf("it stays %s, %q", f.State, f.Trouble)
		}
	}
}

// TestExchangeWithTheSandbox drives the whole exchange over HTTP: sent, refused with
// faults, corrected, accepted and entered; the receipts are the published documents.
func TestExchangeWithTheSandbox(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newSandboxWorld(t, db, sandbox.Rule{
			Name: "refuse the first VAT return", Match: sandbox.Match{Kind: "filing", Report: "NO_NDS"}, Times: 1,
			Answers: []sandbox.Step{
				{Event: authority.Delivered},
				{Event: authority.Refused, Faults: []authority.Fault{{Code: "0300300029", Text: "Ошибка в сумме", Element: "Файл/Документ/НДС", Value: "1"}}},
			},
		})
		o := w.Office("Alpha", directory.Accountant)
		f := w.upload(o, w.vat(o))
		w.sign(o, f.ID)
		w.submit(o, f.ID)
		refused := w.until(o, f.ID, "refused")
		last := refused.Receipts[len(refused.Receipts)-1]
		if len(last.Faults) != 1 || last.Faults[0].Code != "0300300029" || last.Faults[0].Value != "1" || len(last.Files) != 1 || !strings.HasPrefix(last.Files[0].Name, "UO_OTCH") {
			t.Fatalf("the refusal is %+v", last)
		}
		second := w.correction(o, f.ID, nil)
		w.got(w.Do("PATCH", "/v1/filings/"+second.ID, w.admin(o), map[string]any{"values": map[string]any{"СвНП/@Тлф": "+74950000001"}}), 200)
		checked := w.got(w.Do("POST", "/v1/filings/"+second.ID+"/check", w.admin(o), nil), 200)
		if !checked.Check.Accepted {
			t.Fatalf("check says %+v", checked.Check)
		}
		w.sign(o, second.ID)
		w.submit(o, second.ID)
		entered := w.until(o, second.ID, "entered")
		if entered.BodyNumber == "" || len(entered.Receipts) != 3 {
			t.Errorf("entered is %+v", entered.Receipts)
		}
		if first := w.read(o, f.ID); first.State != "corrected" {
			t.Errorf("the first one is %s", first.State)
		}
		receipt := entered.Receipts[1]
		text := w.Expect(w.Do("GET", "/v1/filings/"+second.ID+"/receipts/"+receipt.Files[0].ID, w.admin(o), nil), 200, "").Text
		if !strings.HasPrefix(text, "<?xml") || !strings.HasPrefix(receipt.Files[0].Name, "KV_OTCH") {
			t.Errorf("the receipt is %s: %.60q", receipt.Files[0].Name, text)
		}
	})
}
