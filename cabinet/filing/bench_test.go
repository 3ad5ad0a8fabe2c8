package filing_test

import (
	"context"
	"net/http"
	"syscall"
	"testing"
	"time"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/filing/report"
	"propusk/cabinet/filing/reporttest"
	"propusk/signature"
	"propusk/storage/storagetest"
)

// cpu is the processor time of this process so far.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkSubmitOneMegabyte is what it takes to file a report of 1 MB: upload with
// its check, signature, sending. cpu-ms/op is the processor time beside the
// verification of the signature, which signature-ms/op tells alone.
func BenchmarkSubmitOneMegabyte(b *testing.B) {
	w := newWorld(b, storagetest.SQLite(b))
	o := w.Office("Alpha")
	token, holder := w.admin(o), w.seal(o)
	var spent, verified time.Duration
	measured := func(method, path string, body []byte, headers ...string) cabinettest.Reply {
		r := cabinettest.Request(b, method, path, token, body, headers...)
		began := cpu()
		reply := w.Send(r)
		spent += cpu() - began
		if reply.StatusCode >= http.StatusBadRequest {
			b.Fatal(reply.Text)
		}
		return reply
	}
	for b.Loop() {
		source := reporttest.Large(w.head(o), 1<<20)
		body, headers := form(b, source)
		var f one
		measured("POST", "/v1/filings/upload", body, headers...).Into(b, &f)
		if !f.Check.Accepted || f.File.Size < 1<<20 {
			b.Fatalf("%d bytes, %+v", f.File.Size, f.Check.Faults)
		}
		cms := holder.Sign(b, source.Content)
		began := cpu()
		if _, err := w.Authority.Verifier.Verify(context.Background(), signature.Request{Signature: cms, Content: source.Content}); err != nil {
			b.Fatal(err)
		}
		verified += cpu() - began
		measured("POST", "/v1/filings/"+f.ID+"/signatures", []byte(encoded(b, signBody(cms))))
		measured("POST", "/v1/filings/"+f.ID+"/submit", nil)
	}
	b.ReportMetric(float64(verified.Microseconds())/1000/float64(b.N), "signature-ms/op")
	b.ReportMetric(float64((spent-verified).Microseconds())/1000/float64(b.N), "cpu-ms/op")
}

// BenchmarkCheckOneMegabyte is the check alone.
func BenchmarkCheckOneMegabyte(b *testing.B) {
	source := reporttest.Large(reporttest.Head{}, 1<<20)
	kind, _ := report.Find("NO_NDS")
	b.SetBytes(int64(len(source.Content)))
	for b.Loop() {
		_, faults := report.Check(report.Input{
			FileName: source.Name, Content: source.Content, Claim: report.Claim{Type: kind}, Today: report.DateOf(2026, time.October, 20),
			Profile: report.Profile{Kind: report.Legal, INN: reporttest.Mayak.INN, KPP: reporttest.Mayak.KPP, Name: "ООО «Северный Маяк»"},
		})
		if len(faults) > 0 {
			b.Fatal(faults[0].Message("en"))
		}
	}
}
