package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"propusk/idp/trust"
	"propusk/signature"
	"propusk/storage/journal"
)

const signatureFixtures = "../../signature/testdata/fixtures"

// refusal runs a command that must fail and gives its error's text.
func (c *cli) refusal(args ...string) string {
	c.t.Helper()
	out, err := c.run("", args...)
	if err == nil {
		c.t.Fatalf("propusk %s succeeded: %s", strings.Join(args, " "), out)
	}
	return err.Error()
}

func TestTrustIsImportedConfiguredRefreshedAndRemoved(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	lists := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(signatureFixtures, "ecp256"))))
	t.Cleanup(lists.Close)

	var report trust.Report
	c.json(&report, "trust", "import", signatureFixtures+"/ecp256/root/ca.cer", signatureFixtures+"/ecp256/int/ca.cer", "--crls", signatureFixtures+"/ecp256/root.crl", "--by", "Соколов А. В.")
	if len(report.Added) != 1 || len(report.Helping) != 1 || report.CRLs != 1 {
		t.Errorf("imported %+v", report)
	}
	type shown struct {
		Authorities []trust.Record        `json:"authorities"`
		Lists       []signature.Freshness `json:"revocation_lists"`
	}
	var list shown
	c.json(&list, "trust", "list")
	if len(list.Authorities) != 1 || list.Authorities[0].ChangedBy != "Соколов А. В." || len(list.Lists) != 1 {
		t.Fatalf("list %+v", list)
	}
	id := list.Authorities[0].ID

	var configured signature.Authority
	c.json(&configured, "trust", "configure", id, "--crl", lists.URL+"/int.crl", "--ocsp", "http://127.0.0.1:1")
	if configured.CRLs[0] != lists.URL+"/int.crl" || configured.OCSP[0] != "http://127.0.0.1:1" {
		t.Errorf("configured %+v", configured)
	}
	var fresh []signature.Freshness
	_, err := c.run("", "trust", "refresh", "--json")
	c.json(&list, "trust", "list")
	fresh = list.Lists
	if len(fresh) != 2 {
		t.Fatalf("lists %+v, refresh said %v", fresh, err)
	}
	out, err := c.run("", "trust", "list")
	if err != nil || !strings.Contains(out, "by the operator") || !strings.Contains(out, lists.URL+"/int.crl") {
		t.Errorf("list prints %v\n%s", err, out)
	}
	c.json(&map[string]string{}, "trust", "remove", id, "--reason", "its key was stolen")
	list = shown{}
	if c.json(&list, "trust", "list"); len(list.Authorities) != 0 || len(list.Lists) != 0 {
		t.Errorf("left is %+v", list)
	}
	var entries journal.Report
	if c.json(&entries, "audit", "check"); !entries.OK() || entries.Entries < 4 {
		t.Errorf("journal %+v", entries)
	}
}

func TestTrustRefreshFailsWhenAnAddressDoes(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	c.json(&trust.Report{}, "trust", "import", signatureFixtures+"/ecp256/root/ca.cer")
	var list struct{ Authorities []trust.Record }
	c.json(&list, "trust", "list")
	c.json(&signature.Authority{}, "trust", "configure", list.Authorities[0].ID, "--crl", "http://127.0.0.1:1/x.crl")
	if got := c.refusal("trust", "refresh"); got != statusError(1).Error() {
		t.Errorf("refresh ended with %q", got)
	}
	if out, err := c.run("", "trust", "list"); err != nil || !strings.Contains(out, "missing") || !strings.Contains(out, "connection refused") {
		t.Errorf("list prints %v\n%s", err, out)
	}
}

func TestDoingWithoutRevocationDataTakesANameAReasonAndAnEnd(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	c.json(&trust.Report{}, "trust", "import", signatureFixtures+"/ecp256/root/ca.cer")
	var list struct{ Authorities []trust.Record }
	c.json(&list, "trust", "list")
	id := list.Authorities[0].ID
	tomorrow := time.Now().Add(24 * time.Hour).Format(time.RFC3339)
	for want, args := range map[string][]string{
		"--by":   {"--fail-open-until", tomorrow, "--reason", "x"},
		"reason": {"--fail-open-until", tomorrow, "--by", "x"},
		"moment": {"--fail-open-until", "tomorrow", "--reason", "x", "--by", "x"},
		"past":   {"--fail-open-until", "2020-01-01T00:00:00Z", "--reason", "x", "--by", "x"},
	} {
		if got := c.refusal(append([]string{"trust", "configure", id}, args...)...); !strings.Contains(got, want) {
			t.Errorf("%v: %s", args, got)
		}
	}
	var configured signature.Authority
	c.json(&configured, "trust", "configure", id, "--fail-open-until", tomorrow, "--reason", "ticket 4711", "--by", "Соколов")
	if d := configured.DangerouslyFailOpen; d == nil || d.By != "Соколов" || d.Reason != "ticket 4711" {
		t.Errorf("decision %+v", d)
	}
	if out, err := c.run("", "trust", "list"); err != nil || !strings.Contains(out, "ACCEPTED until") {
		t.Errorf("list prints %v\n%s", err, out)
	}
	var ended signature.Authority
	c.json(&ended, "trust", "configure", id, "--fail-closed", "--crl", "")
	if ended.DangerouslyFailOpen != nil || len(ended.CRLs) != 0 {
		t.Errorf("after its end %+v", ended)
	}
}

func TestTrustCommandsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	broken := filepath.Join(t.TempDir(), "list.xml")
	if err := os.WriteFile(broken, []byte("<x/>"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"nothing to import":  {"trust", "import"},
		"not what it should": {"trust", "import", "--list", broken},
		"no such authority":  {"trust", "remove", "nobody", "--reason", "x"},
		"no such file":       {"trust", "import", filepath.Join(t.TempDir(), "absent.cer")},
	} {
		if got := c.refusal(args...); !strings.Contains(got, want) {
			t.Errorf("%v: %s", args, got)
		}
	}
}
