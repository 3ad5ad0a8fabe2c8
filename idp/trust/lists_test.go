package trust_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"propusk/idp/trust"
	"propusk/signature"
	"propusk/signature/pki"
	"propusk/storage"
	"propusk/storage/storagetest"
)

// storageHouse is for what no engine decides.
func storageHouse(t *testing.T, test func(h house)) { test(newHouse(t, storagetest.SQLite(t))) }

// online is a house whose lists are fetched from a server.
func online(h house) (*trust.Trust, *listServer) {
	h.Helper()
	server := newListServer(h, map[string][]byte{"/int.crl": read(h, "ecp256/int.crl"), "/root.crl": read(h, "ecp256/root.crl")})
	node := h.node()
	h.trusted(node, "ecp256")
	_, err := node.Configure(h.Context(), operator, h.root("ecp256"), trust.Change{
		CRLs: &[]string{server.URL + "/int.crl", server.URL + "/root.crl"},
	})
	h.must(err)
	return node, server
}

func TestOneNodeFetchesForAll(t *testing.T) {
	each(t, func(h house) {
		first, server := online(h)
		second := h.node()
		h.wantCode(second, "ecp256/cms/person.p7s", signature.CRLMissing)
		h.must(first.Refresh(h.Context()))
		h.wantCode(first, "ecp256/cms/person.p7s", signature.OK)
		h.eventually("the other node hears of it", func() bool { return h.judge(second, "ecp256/cms/person.p7s").Accepted })
		h.wantCode(second, "ecp256/cms/revoked.p7s", signature.CertificateRevoked)
		// The other node knows what is due, and what has not changed.
		h.must(second.Refresh(h.Context()))
		if asked, _ := server.counts(); asked != 2 {
			h.Errorf("the addresses were asked %d times, want 2", asked)
		}
		h.clock.Advance(time.Hour)
		h.must(second.Refresh(h.Context()))
		if asked, unchanged := server.counts(); asked != 4 || unchanged != 2 {
			h.Errorf("asked %d times, unchanged %d times; want 4 and 2", asked, unchanged)
		}
		told := make(chan signature.Freshness, 9)
		h.must(h.node().RefreshAll(h.Context(), func(f signature.Freshness) { told <- f }))
		if f := <-told; len(told) != 1 || f.Fault != "" || f.Stale(h.clock.Now()) {
			h.Errorf("told %+v and %d more", f, len(told))
		}
		if asked, unchanged := server.counts(); asked != 6 || unchanged != 4 {
			h.Errorf("asked %d times, unchanged %d times; want 6 and 4", asked, unchanged)
		}
	})
}

func TestARestartBeginsWithTheLastGoodLists(t *testing.T) {
	each(t, func(h house) {
		node, server := online(h)
		h.must(node.Refresh(h.Context()))
		node.Close()
		server.Close()
		again := h.node()
		h.wantCode(again, "ecp256/cms/person.p7s", signature.OK)
		h.clock.Advance(time.Hour)
		h.must(again.Refresh(h.Context()))
		h.wantCode(again, "ecp256/cms/person.p7s", signature.OK)
		for _, f := range again.Freshness() {
			if f.Fault == "" || f.NextUpdate.IsZero() || f.Tried != h.clock.Now() {
				h.Errorf("freshness %+v", f)
			}
		}
	})
}

// What came over the network and is kept is trusted no more than the network.
func TestAListThatWasChangedInTheDatabaseIsRefused(t *testing.T) {
	each(t, func(h house) {
		node, server := online(h)
		h.must(node.Refresh(h.Context()))
		for name, forged := range map[string][]byte{
			"another authority's": read(t, "rsa2048/int.crl"), "a torn one": read(t, "ecp256/int.crl")[:300],
		} {
			_, err := h.db.Exec(h.Context(), `UPDATE trust_lists SET list = $1, digest = $2 WHERE address = $3`, forged, name, server.URL+"/int.crl")
			h.must(err)
			h.wantCode(h.node(), "ecp256/cms/person.p7s", signature.CRLMissing)
			// A node that holds a good one goes on with that.
			h.must(node.Refresh(h.Context()))
			h.wantCode(node, "ecp256/cms/revoked.p7s", signature.CertificateRevoked)
		}
	})
}

// A release may come to refuse a certificate that one before it took. That costs its
// authority, and neither the others nor the node's start; and no change of another
// deletes it.
func TestARecordThatCannotBeUsedCostsItselfAlone(t *testing.T) {
	each(t, func(h house) {
		node := h.node()
		h.trusted(node, "ecp256", "int.crl", "root.crl")
		h.trusted(node, "rsa2048")
		spoilt := storage.JSON[signature.Authority]{V: signature.Authority{ID: h.root("rsa2048"), Name: "spoilt", Certificates: [][]byte{{1}}}}
		_, err := h.db.Exec(h.Context(), `UPDATE trust_authorities SET record = $1 WHERE id = $2`, spoilt, h.root("rsa2048"))
		h.must(err)
		_, err = h.db.Exec(h.Context(), `INSERT INTO trust_intermediates (fingerprint, certificate, changed_by, changed_at) VALUES ('x', $1, '', 0)`, []byte{1})
		h.must(err)
		again := h.node()
		h.wantCode(again, "ecp256/cms/person.p7s", signature.OK)
		h.wantCode(again, "rsa2048/cms/person.p7s", pki.IssuerUnknown)
		_, err = again.Import(h.Context(), operator, trust.Material{Roots: []string{file("gost256", "root/ca.cer")}})
		h.must(err)
		var rows int
		h.must(h.db.Get(h.Context(), &rows, `SELECT COUNT(*) FROM trust_authorities`))
		if rows != 3 {
			h.Errorf("%d authorities are in the database, want 3", rows)
		}
	})
}

func TestAnAddressThatIsNoLongerConfiguredIsForgotten(t *testing.T) {
	each(t, func(h house) {
		node, _ := online(h)
		other := h.node()
		h.must(node.Refresh(h.Context()))
		_, err := node.Configure(h.Context(), operator, h.root("ecp256"), trust.Change{CRLs: &[]string{}})
		h.must(err)
		h.wantCode(node, "ecp256/cms/person.p7s", signature.CRLMissing)
		h.eventually("the other node forgets too", func() bool { return len(other.Freshness()) == 0 })
		var rows int
		h.must(h.db.Get(h.Context(), &rows, `SELECT COUNT(*) FROM trust_lists`))
		if rows != 0 || len(node.Freshness()) != 0 {
			h.Errorf("%d rows are left and %+v", rows, node.Freshness())
		}
	})
}

func TestDoingWithoutRevocationDataIsADecisionThatIsJournalledAtEachUse(t *testing.T) {
	each(t, func(h house) {
		node := h.node()
		h.trusted(node, "ecp256", "root.crl")
		h.wantCode(node, "ecp256/cms/person.p7s", signature.CRLMissing)
		until := h.clock.Now().Add(time.Hour)
		decision := signature.FailOpen{By: "Соколов А. В.", Reason: "the distribution point is down, ticket 4711", Until: until}
		_, err := node.Configure(h.Context(), operator, h.root("ecp256"), trust.Change{FailOpen: &decision})
		h.must(err)
		for range 2 {
			verdict := h.judge(node, "ecp256/cms/person.p7s")
			if !verdict.Accepted || verdict.Check(signature.CheckRevocation).Status != signature.Warned {
				h.Errorf("verdict %+v", verdict)
			}
		}
		uses := h.entries("signature.accepted_without_revocation")
		if len(uses) != 2 {
			h.Fatalf("%d uses are in the journal, want 2", len(uses))
		}
		if d := uses[0].Details; d["by"] != decision.By || d["reason"] != decision.Reason || d["missing"] != "crl_missing" || uses[0].Object == "" {
			h.Errorf("entry %+v", uses[0])
		}
		if d := h.entries("trust.configured")[0].Details; d["by"] != operator || d["fail_open_by"] != decision.By || d["fail_open_until"] != until.Format(time.RFC3339) {
			h.Errorf("entry %+v", d)
		}
		h.clock.Advance(time.Hour)
		h.wantCode(node, "ecp256/cms/person.p7s", signature.CRLMissing)
	})
}

func TestWithoutTheJournalNothingFailsOpen(t *testing.T) {
	each(t, func(h house) {
		node := h.node()
		h.trusted(node, "ecp256", "root.crl")
		_, err := node.Configure(h.Context(), operator, h.root("ecp256"), trust.Change{FailOpen: &signature.FailOpen{
			By: "Соколов А. В.", Reason: "ticket 4711", Until: h.clock.Now().Add(time.Hour),
		}})
		h.must(err)
		_, err = h.db.Exec(h.Context(), `DROP TABLE journal`)
		h.must(err)
		if verdict := h.judge(node, "ecp256/cms/person.p7s"); verdict.Accepted {
			h.Errorf("verdict %+v", verdict)
		}
	})
}

func TestADecisionNeedsANameAReasonAndAnEnd(t *testing.T) {
	t.Parallel()
	storageHouse(t, func(h house) {
		node := h.node()
		h.trusted(node, "ecp256")
		now := h.clock.Now()
		for why, change := range map[string]trust.Change{
			"a name and a reason":  {FailOpen: &signature.FailOpen{Until: now.Add(time.Hour)}},
			"ends in the past":     {FailOpen: &signature.FailOpen{By: "x", Reason: "y", Until: now}},
			"31 days at most":      {FailOpen: &signature.FailOpen{By: "x", Reason: "y", Until: now.AddDate(0, 2, 0)}},
			"is no http or https":  {CRLs: &[]string{"ldap://crl.example/1"}},
			`"file:///etc/passwd"`: {OCSP: &[]string{"file:///etc/passwd"}},
		} {
			if _, err := node.Configure(h.Context(), operator, h.root("ecp256"), change); err == nil || !strings.Contains(err.Error(), why) {
				h.Errorf("%s: %v", why, err)
			}
		}
		if _, err := node.Configure(h.Context(), operator, "nobody", trust.Change{}); !errors.Is(err, signature.ErrUnknownAuthority) {
			h.Errorf("an unknown authority: %v", err)
		}
	})
}

func TestADecisionCanBeTakenBack(t *testing.T) {
	t.Parallel()
	storageHouse(t, func(h house) {
		node := h.node()
		h.trusted(node, "ecp256", "root.crl")
		optional := true
		for _, until := range []time.Time{h.clock.Now().Add(time.Hour), {}} {
			got, err := node.Configure(h.Context(), operator, h.root("ecp256"), trust.Change{
				OCSP: &[]string{"http://127.0.0.1:1/ocsp"}, OCSPNonceOptional: &optional,
				FailOpen: &signature.FailOpen{By: "x", Reason: "y", Until: until},
			})
			h.must(err)
			if (got.DangerouslyFailOpen == nil) != until.IsZero() || !got.OCSPNonceOptional {
				h.Errorf("configured %+v", got)
			}
		}
		h.wantCode(node, "ecp256/cms/person.p7s", signature.OCSPUnavailable)
		if got := h.entries("trust.configured")[0].Details["fail_open_until"]; got != "ended" {
			h.Errorf("entry says %q", got)
		}
	})
}

func TestADatabaseThatIsAwayStopsNoVerdict(t *testing.T) {
	t.Parallel()
	db, err := storage.Open(t.Context(), storagetest.SQLiteURL(t))
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, db)
	node := h.node()
	h.trusted(node, "gost512", "int.crl", "root.crl")
	db.Close()
	h.wantCode(node, "gost512/cms/person.p7s", signature.OK)
	if err := node.Refresh(t.Context()); err == nil {
		t.Error("refreshed without a database")
	}
	if err := node.RefreshAll(t.Context(), nil); err == nil {
		t.Error("refreshed without a database")
	}
	if _, err := node.Import(t.Context(), operator, trust.Material{Roots: []string{file("ecp256/root/ca.cer")}}); err == nil {
		t.Error("imported without a database")
	}
	if _, err := node.Records(t.Context()); err == nil {
		t.Error("read without a database")
	}
	if _, err := trust.Open(t.Context(), trust.Deps{DB: db, Journal: h.journal}); err == nil {
		t.Error("opened without a database")
	}
}

// A list that a server gives goes back behind the one that is kept: refused, on a
// node that never saw the kept one arrive.
func TestARollbackIsRefusedAfterARestart(t *testing.T) {
	each(t, func(h house) {
		node, server := online(h)
		h.must(node.Refresh(h.Context()))
		node.Close()
		server.set("/int.crl", read(t, "ecp256/int-before.crl"))
		again := h.node()
		h.clock.Advance(time.Hour)
		h.must(again.Refresh(h.Context()))
		h.wantCode(again, "ecp256/cms/revoked.p7s", signature.CertificateRevoked)
		faults := 0
		for _, f := range again.Freshness() {
			if strings.Contains(f.Fault, string(signature.CRLRollback)) || strings.Contains(f.Fault, string(pki.CRLStale)) {
				faults++
			}
		}
		if faults != 1 {
			h.Errorf("freshness %+v", again.Freshness())
		}
	})
}

var _ http.Handler = (*listServer)(nil)
