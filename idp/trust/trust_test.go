package trust_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"propusk/idp/trust"
	"propusk/signature"
	"propusk/signature/pki"
	"propusk/storage"
)

func TestTrustIsTheSameOnEveryNode(t *testing.T) {
	each(t, func(h house) {
		first, second := h.node(), h.node()
		if first.Enabled() || second.Enabled() {
			h.Error("a house that trusts nobody offers signatures")
		}
		h.wantCode(second, "gost256/cms/person.p7s", pki.IssuerUnknown)
		report := h.trusted(first, "gost256", "int.crl", "root.crl")
		if len(report.Added) != 1 || len(report.Helping) != 1 || report.CRLs != 2 || len(report.Refused) != 0 {
			h.Errorf("report %+v", report)
		}
		h.wantCode(first, "gost256/cms/person.p7s", signature.OK)
		h.eventually("the event reaches the other node", func() bool {
			return h.judge(second, "gost256/cms/person.p7s").Code == signature.OK
		})
		h.wantCode(second, "gost256/cms/revoked.p7s", signature.CertificateRevoked)
		// A node that starts later, when nothing can be fetched, has all of it.
		h.wantCode(h.node(), "gost256/cms/person.p7s", signature.OK)
	})
}

func TestANodeThatHearsNoEventPolls(t *testing.T) {
	each(t, func(h house) {
		deaf := h.node(func(d *trust.Deps) { d.Events, d.Poll = nil, 5*time.Millisecond })
		h.trusted(h.node(), "rsa2048", "int.crl", "root.crl")
		h.eventually("the poll", func() bool { return h.judge(deaf, "rsa2048/cms/person.p7s").Accepted })
	})
}

// Whoever imports an issuing authority after its root does not thereby trust it
// beside the root: its revocation is still looked up.
func TestWhatATrustedHierarchyCertifiesIsNotTrustedByItself(t *testing.T) {
	each(t, func(h house) {
		node := h.node()
		for _, path := range []string{"root/ca.cer", "int/ca.cer"} {
			_, err := node.Import(h.Context(), operator, trust.Material{Roots: []string{file("ecp256", path)}})
			h.must(err)
		}
		if got := node.Authorities(); len(got) != 1 || got[0].ID != h.root("ecp256") {
			h.Errorf("trusted are %+v", got)
		}
	})
}

func TestImportsAtOnceAllCount(t *testing.T) {
	each(t, func(h house) {
		algorithms := []string{"rsa2048", "ecp256", "gost256", "gost512"}
		nodes := []*trust.Trust{h.node(), h.node()}
		var all sync.WaitGroup
		for i, algorithm := range algorithms {
			all.Go(func() {
				_, err := nodes[i%2].Import(h.Context(), operator, trust.Material{Roots: []string{file(algorithm, "root/ca.cer")}})
				if err != nil {
					h.Error(err)
				}
			})
		}
		all.Wait()
		if got := h.node().Authorities(); len(got) != len(algorithms) {
			h.Errorf("%d authorities, want %d", len(got), len(algorithms))
		}
		if got := h.entries("trust.imported"); len(got) != len(algorithms) {
			h.Errorf("%d entries in the journal, want %d", len(got), len(algorithms))
		}
	})
}

func TestAnImportIsJournalled(t *testing.T) {
	each(t, func(h house) {
		node := h.node()
		h.trusted(node, "ecp256", "int.crl")
		imported := h.entries("trust.imported")[0]
		if imported.Details["by"] != operator || imported.Details["added"] != "1" || imported.Details["helping"] != "1" {
			h.Errorf("entry %+v", imported)
		}
		list := h.entries("trust.list_imported")[0]
		if !strings.HasPrefix(list.Object, "import:") || len(list.Details["sha256"]) != 64 {
			h.Errorf("entry %+v", list)
		}
		records, err := node.Records(h.Context())
		h.must(err)
		if len(records) != 1 || records[0].ChangedBy != operator || records[0].ChangedAt != storage.Of(h.clock.Now()) {
			h.Errorf("records %+v", records)
		}
	})
}

func TestAnImportThatCannotBeReadChangesNothing(t *testing.T) {
	each(t, func(h house) {
		node := h.node()
		for name, m := range map[string]trust.Material{
			"nothing":             {},
			"no such file":        {Roots: []string{file("nowhere.cer")}},
			"no authority":        {Roots: []string{file("ecp256/person.cer")}},
			"one of two":          {Roots: []string{file("ecp256/root/ca.cer"), file("nowhere.cer")}},
			"root, broken list":   {Roots: []string{file("ecp256/root/ca.cer")}, Lists: []string{file("challenge.bin")}},
			"no intermediate":     {Intermediates: []string{file("nowhere.cer")}},
			"no accredited list":  {Lists: []string{file("nowhere.xml")}},
			"a list of strangers": {CRLs: []string{file("challenge.bin")}},
		} {
			if _, err := node.Import(h.Context(), operator, m); err == nil {
				h.Errorf("%s: imported", name)
			}
		}
		if node.Enabled() || len(h.entries("trust.")) != 0 {
			h.Error("something was changed")
		}
	})
}

func TestAnImportedListMustBeOfATrustedAuthorityAndNewer(t *testing.T) {
	each(t, func(h house) {
		node := h.node()
		h.trusted(node, "ecp256", "int.crl", "root.crl")
		for _, list := range []string{"rsa2048/int.crl", "ecp256/int-before.crl"} {
			report, err := node.Import(h.Context(), operator, trust.Material{CRLs: []string{file(list)}})
			h.must(err)
			if report.CRLs != 0 || len(report.Refused) != 1 {
				h.Errorf("%s: report %+v", list, report)
			}
		}
		h.wantCode(node, "ecp256/cms/revoked.p7s", signature.CertificateRevoked)
		h.wantCode(h.node(), "ecp256/cms/revoked.p7s", signature.CertificateRevoked)
	})
}

func TestTheAccreditedListBringsAddressesAndItsDigest(t *testing.T) {
	each(t, func(h house) {
		node := h.node()
		list := accreditedList(t, "2026-01-01", "УЦ «Проба»", "1999900000010", read(t, "ecp256/root/ca.cer"), "http://crl.example/1.crl")
		report, err := node.Import(h.Context(), operator, trust.Material{Lists: []string{list}})
		h.must(err)
		if len(report.Added) != 1 || len(report.Digests[list]) != 64 {
			h.Errorf("report %+v", report)
		}
		if got := h.entries("trust.imported")[0].Details["sha256"]; got != report.Digests[list] {
			h.Errorf("the journal has the digest %q", got)
		}
		authority := h.node().Authorities()[0]
		if authority.ID != "1999900000010" || authority.CRLs[0] != "http://crl.example/1.crl" || len(authority.Accreditation) != 1 {
			h.Errorf("authority %+v", authority)
		}
		older := accreditedList(t, "2025-12-31", "УЦ «Проба»", "1999900000010", read(t, "ecp256/root/ca.cer"))
		if _, err := node.Import(h.Context(), operator, trust.Material{Lists: []string{older}}); !errors.Is(err, signature.ErrOlderList) {
			h.Errorf("an older list: %v", err)
		}
	})
}

func TestARemovedAuthorityIsTrustedNowhere(t *testing.T) {
	each(t, func(h house) {
		node, other := h.node(), h.node()
		h.trusted(node, "rsa2048", "int.crl", "root.crl")
		h.eventually("the other node trusts", func() bool { return h.judge(other, "rsa2048/cms/person.p7s").Accepted })
		h.must(node.Remove(h.Context(), operator, h.root("rsa2048"), "its key was stolen"))
		h.wantCode(node, "rsa2048/cms/person.p7s", pki.IssuerUnknown)
		h.eventually("the other node does not", func() bool { return !h.judge(other, "rsa2048/cms/person.p7s").Accepted })
		if left := node.Freshness(); len(left) != 0 {
			h.Errorf("its lists stayed: %+v", left)
		}
		if got := h.entries("trust.removed")[0]; got.Object != h.root("rsa2048") || got.Details["reason"] != "its key was stolen" {
			h.Errorf("entry %+v", got)
		}
		if err := node.Remove(h.Context(), operator, h.root("rsa2048"), "again"); !errors.Is(err, signature.ErrUnknownAuthority) {
			h.Errorf("removed twice: %v", err)
		}
	})
}

func TestFreshnessIsInMetricsAndWarnings(t *testing.T) {
	each(t, func(h house) {
		registry := prometheus.NewRegistry()
		node := h.node(func(d *trust.Deps) { d.Metrics = registry })
		h.trusted(node, "ecp256", "int.crl", "root.crl")
		h.wantCode(node, "ecp256/cms/person.p7s", signature.OK)
		for name, want := range map[string]int{
			"propusk_revocation_list_next_update_seconds": 2, "propusk_revocation_list_entries": 2,
			"propusk_trusted_authorities": 1, "propusk_signature_verdicts_total": 1, "propusk_signature_verify_seconds": 1,
		} {
			if got, err := testutil.GatherAndCount(registry, name); err != nil || got != want {
				h.Errorf("%s has %d series (%v), want %d", name, got, err, want)
			}
		}
		if warning := node.Warning(); warning != "" {
			h.Errorf("all is fresh, and it warns: %s", warning)
		}
		h.clock.Advance(20 * 365 * 24 * time.Hour)
		if warning := node.Warning(); !strings.HasPrefix(warning, "2 of 2 revocation lists are missing or stale") {
			h.Errorf("all is stale, and it says %q", warning)
		}
	})
}

func TestANodeThatCannotReadTrustIsNotReady(t *testing.T) {
	each(t, func(h house) {
		node := h.node(func(d *trust.Deps) { d.Poll = time.Minute })
		h.must(node.Ready())
		h.clock.Advance(5 * time.Minute)
		if err := node.Ready(); err == nil || !strings.Contains(err.Error(), "5m0s ago") {
			h.Errorf("ready: %v", err)
		}
		h.must(node.Refresh(h.Context()))
		h.must(node.Ready())
	})
}

func TestAnOutsideVerifierTakesThePlaceOfThisOne(t *testing.T) {
	t.Parallel()
	var asked http.Header
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header
		_ = json.NewEncoder(w).Encode(signature.Verdict{Code: "their_own_reason"})
	}))
	t.Cleanup(outside.Close)
	storageHouse(t, func(h house) {
		registry := prometheus.NewRegistry()
		node := h.node(func(d *trust.Deps) {
			d.Remote, d.Metrics = trust.Remote{URL: outside.URL, Token: "between-us"}, registry
		})
		if !node.Enabled() {
			h.Error("an outside verifier needs no trust of ours")
		}
		h.wantCode(node, "ecp256/cms/person.p7s", "their_own_reason")
		if got := asked.Get("Authorization"); got != "Bearer between-us" {
			h.Errorf("asked with %q", got)
		}
		if got, _ := testutil.GatherAndCount(registry, "propusk_signature_verdicts_total"); got != 1 {
			h.Errorf("%d series of verdicts", got)
		}
		// Certificates of TLS connections are judged here all the same.
		verdict, err := node.VerifyCertificate(h.Context(), signature.CertificateRequest{Certificate: read(h, "ecp256/person.cer")})
		h.must(err)
		if verdict.Code != pki.IssuerUnknown {
			h.Errorf("certificate: %s", verdict.Code)
		}
	})
	if _, err := trust.Open(t.Context(), trust.Deps{}); err == nil {
		t.Error("opened over nothing")
	}
}

func TestAnOutsideVerifierMustBeReachedSafely(t *testing.T) {
	t.Parallel()
	storageHouse(t, func(h house) {
		deps := trust.Deps{DB: h.db, Journal: h.journal, Remote: trust.Remote{URL: "http://verifier.example"}}
		if node, err := trust.Open(h.Context(), deps); err == nil {
			node.Close()
			h.Error("plain HTTP to another machine")
		}
	})
}

// While a list is being imported, whoever reads SQL does not find it there yet; that
// is no reason to forget it.
func TestAListBeingImportedIsNotForgotten(t *testing.T) {
	each(t, func(h house) {
		node := h.node()
		h.trusted(node, "ecp256", "root.crl")
		h.must(h.db.Tx(h.Context(), func(ctx context.Context) error {
			if _, err := node.Import(ctx, operator, trust.Material{CRLs: []string{file("ecp256", "int.crl")}}); err != nil {
				return err
			}
			return node.Refresh(h.Context())
		}))
		h.wantCode(node, "ecp256/cms/person.p7s", signature.OK)
	})
}
