package filing_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/filing/report"
	"propusk/cabinet/filing/reporttest"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/signature/signaturetest"
	"propusk/storage"
)

// trySign signs a filing with a holder's certificate as the bearer of the token.
func (w *world) trySign(o *office, id, token string, h signaturetest.Holder) cabinettest.Reply {
	w.T.Helper()
	return w.Do("POST", "/v1/filings/"+id+"/signatures", token, signBody(h.Sign(w.T, w.content(o, id))))
}

// TestSignerMustBelong: whose certificates sign for an organisation, and whose do not.
func TestSignerMustBelong(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o, stranger := w.Office("Alpha", directory.Accountant), w.Office("Beta")
		snils, unproved := "11223344595", "04185549465"
		proved := w.accountant(o, snils, true)
		boaster := w.accountant(o, unproved, false)
		person := func(snils string) signature.Subject {
			return signature.Subject{SNILS: snils, CommonName: "Счетоводов Пётр", LastName: "Счетоводов", GivenNames: "Пётр"}
		}
		ofStranger := person(snils)
		ofStranger.INNLE, ofStranger.OGRN, ofStranger.Organisation = stranger.INN, stranger.OGRN, stranger.Name
		for _, tt := range []struct {
			name    string
			token   string
			subject signature.Subject
			allowed bool
		}{
			{"the organisation's own", w.admin(o), signature.Subject{INNLE: o.INN, OGRN: o.OGRN, CommonName: "Alpha"}, true},
			{"the acting person's, number proved", proved, person(snils), true},
			{"the acting person's, number not proved", boaster, person(unproved), false},
			{"a colleague's", w.admin(o), person(snils), false},
			{"another organisation's", w.admin(o), signature.Subject{INNLE: stranger.INN, OGRN: stranger.OGRN, CommonName: "Beta"}, false},
			{"the acting person's as head of another organisation", proved, ofStranger, false},
			{"the right ИНН with another ОГРН", w.admin(o), signature.Subject{INNLE: o.INN, OGRN: stranger.OGRN, CommonName: "Alpha"}, false},
		} {
			f := w.upload(o, w.vat(o))
			reply := w.trySign(o, f.ID, tt.token, w.Authority.Issue(t, tt.subject))
			if tt.allowed {
				if got := w.got(reply, http.StatusOK); got.State != "signed" {
					t.Errorf("%s: %s", tt.name, got.State)
				}
				continue
			}
			if p := reply.Problem(t); reply.StatusCode != http.StatusForbidden || p.Code != "filing_signer" {
				t.Errorf("%s: %d %s", tt.name, reply.StatusCode, reply.Text)
			}
			if got := w.read(o, f.ID); got.State != "draft" || len(got.Signatures) != 0 {
				t.Errorf("%s: left %s with %d signatures", tt.name, got.State, len(got.Signatures))
			}
		}
	})
}

// accountant joins a person with a СНИЛС and returns his token.
func (w *world) accountant(o *office, snils string, verified bool) string {
	w.T.Helper()
	p, err := w.Directory.CreatePerson(context.Background(), directory.NewPerson{
		LastName: "Счетоводов", FirstName: "Пётр", Email: snils + "@example.ru", EmailVerified: true, SNILS: snils, NumbersVerified: verified,
	})
	must(w.T, err)
	m, err := w.Directory.AddMember(context.Background(), directory.System(), directory.NewMember{
		OrganisationID: o.ID, PersonID: p.ID, Role: directory.Accountant,
	})
	must(w.T, err)
	return cabinettest.Sign(w.T, w.Claims(o, w.Fresh(o, directory.MemberView{Member: m, Person: p})))
}

// TestSignatureOverOtherBytesIsRefusedInWords: every failed check is told, and
// nothing is kept.
func TestSignatureOverOtherBytesIsRefusedInWords(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		f := w.upload(o, w.vat(o))
		cms := w.seal(o).Sign(t, append(w.content(o, f.ID), ' '))
		reply := w.Do("POST", "/v1/filings/"+f.ID+"/signatures", w.admin(o), signBody(cms))
		p := w.Expect(reply, http.StatusUnprocessableEntity, "filing_signature_refused").Problem(t)
		if len(p.Errors) == 0 || p.Errors[0].Pointer != "/signature" || !strings.HasPrefix(p.Errors[0].Code, "signature_") || p.Errors[0].Detail == p.Errors[0].Code {
			t.Errorf("errors are %+v", p.Errors)
		}
		w.Expect(w.Do("POST", "/v1/filings/"+f.ID+"/signatures", w.admin(o), map[string]any{"signature": "bm90IGEgc2lnbmF0dXJl"}), 422, "filing_signature_refused")
		w.Expect(w.Do("POST", "/v1/filings/"+f.ID+"/signatures", w.admin(o), map[string]any{"signature": ""}), 422, "validation_failed")
		if got := w.read(o, f.ID); got.State != "draft" {
			t.Errorf("it is %s", got.State)
		}
	})
}

// TestSeveralSignOneCertificateOnce: RSA and EC side by side; a repeat is no second
// signature; each can be downloaded and verifies.
func TestSeveralSignOneCertificateOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		f := w.upload(o, w.vat(o))
		subject := signature.Subject{INNLE: o.INN, OGRN: o.OGRN, CommonName: "Alpha"}
		rsa, ec := w.Authority.IssueRSA(t, subject), w.Authority.Issue(t, subject)
		for _, holder := range []signaturetest.Holder{rsa, ec, ec} {
			w.got(w.trySign(o, f.ID, w.admin(o), holder), http.StatusOK)
		}
		got := w.read(o, f.ID)
		if len(got.Signatures) != 2 {
			t.Fatalf("%d signatures", len(got.Signatures))
		}
		for _, s := range got.Signatures {
			cms := w.Expect(w.Do("GET", "/v1/filings/"+f.ID+"/signatures/"+s.ID, w.admin(o), nil), 200, "").Text
			verdict, err := w.Authority.Verifier.Verify(context.Background(), signature.Request{Signature: []byte(cms), Content: w.content(o, f.ID)})
			must(t, err)
			if !verdict.Accepted || s.Algorithm == "" {
				t.Errorf("the kept signature is judged %s, algorithm %q", verdict.Code, s.Algorithm)
			}
		}
		w.submit(o, f.ID)
		w.body.Deliver(t)
		if sent := w.body.Sent(); len(sent) != 1 || len(sent[0].Files[0].Signatures) != 2 {
			t.Error("not both signatures were sent")
		}
	})
}

// TestRevokedCertificateSignsNothing.
func TestRevokedCertificateSignsNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		f := w.upload(o, w.vat(o))
		holder := w.seal(o)
		w.Authority.Revoke(t, holder)
		w.Expect(w.trySign(o, f.ID, w.admin(o), holder), http.StatusUnprocessableEntity, "filing_signature_refused")
	})
}

// TestPowerOfAttorneyReachesAsFarAsItSays: an outside bookkeeper limited to VAT
// files VAT returns and neither sees nor files anything else; the authority is stored.
func TestPowerOfAttorneyReachesAsFarAsItSays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		person, token, power := w.bookkeeper(t, o, directory.PowerLimits{Reports: []string{"NO_NDS"}, MaySign: true})
		other := w.upload(o, reporttest.Good("NO_PRIB", w.profitHead(o)))
		head := w.head(o)
		head.Signatory = reporttest.ByRepresentative
		body, headers := form(t, reporttest.Good("NO_NDS", head))
		f := w.got(w.Do("POST", "/v1/filings/upload", token, body, headers...), 201)
		holder := w.Authority.Issue(t, signature.Subject{SNILS: person.SNILS, CommonName: "Счетоводов", LastName: "Счетоводов", GivenNames: "Пётр"})
		signed := w.got(w.trySign(o, f.ID, token, holder), 200)
		if by := signed.Signatures[0].Authority; by.By != directory.ByPower || by.PowerID != power.ID || by.PowerNumber != power.Number {
			t.Errorf("the signature's authority is %+v", by)
		}
		sent := w.got(w.Do("POST", "/v1/filings/"+f.ID+"/submit", token, nil), 200)
		if sent.Authority.PowerNumber != power.Number {
			t.Errorf("the authority of the sending is %+v", sent.Authority)
		}
		w.cannotReach(token, o, other)
		// Nor by the archive, where receipts are kept beside.
		actor := directory.Actor{PersonID: person.ID, PowerID: power.ID}
		must(t, w.filings.MayRead(t.Context(), actor, o.ID, f.ID+"/receipts"))
		if err := w.filings.MayRead(t.Context(), actor, o.ID, other.ID+"/receipts"); !errors.Is(err, directory.ErrForbidden) {
			t.Errorf("the receipts of another report: %v", err)
		}
		if err := w.filings.MayRead(t.Context(), actor, w.Office("Beta").ID, f.ID+"/receipts"); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("by another organisation: %v", err)
		}
		var list struct{ Filings []one }
		w.Expect(w.Do("GET", "/v1/filings", token, nil), 200, "").Into(t, &list)
		if len(list.Filings) != 1 || list.Filings[0].ID != f.ID {
			t.Errorf("the bookkeeper sees %d filings", len(list.Filings))
		}

		// A form says from its beginning what it would be refused for without.
		begun := w.got(w.Do("POST", "/v1/filings", token, map[string]any{"type": "NO_NDS", "period": "21", "year": 2025}), 201)
		if v := begun.Values; v["Подписант/@ПрПодп"] != "2" || v["Подписант/СвПред/@НаимДок"] != "Доверенность № "+power.Number {
			t.Errorf("a representative's form begins with %v", v)
		}
		w.Expect(w.Do("GET", "/v1/filings/journal", token, nil), 403, "power_exceeded")
	})
}

// cannotReach tries everything on a filing that a limited power does not reach.
func (w *world) cannotReach(token string, o *office, f one) {
	w.T.Helper()
	for _, path := range []string{"", "/file", "/events", "/act"} {
		w.Expect(w.Do("GET", "/v1/filings/"+f.ID+path, token, nil), 403, "power_exceeded")
	}
	w.Expect(w.Do("PATCH", "/v1/filings/"+f.ID, token, map[string]any{"subject": "x"}), 403, "power_exceeded")
	w.Expect(w.Do("POST", "/v1/filings/"+f.ID+"/check", token, nil), 403, "power_exceeded")
	w.Expect(w.Do("DELETE", "/v1/filings/"+f.ID, token, nil), 403, "power_exceeded")
	w.Expect(w.Do("POST", "/v1/filings", token, map[string]any{"type": "NO_PRIB", "period": "34", "year": w.year()}), 403, "power_exceeded")
}

// profitHead is the header of a yearly return that is over.
func (w *world) profitHead(o *office) reporttest.Head {
	head := w.head(o)
	head.Period = "34"
	return head
}

// bookkeeper is a person outside with a power of attorney, and his token.
func (w *world) bookkeeper(t *testing.T, o *office, limits directory.PowerLimits) (directory.Person, string, directory.PowerOfAttorney) {
	t.Helper()
	ctx := context.Background()
	snils := "11223344595"
	p, err := w.Directory.CreatePerson(ctx, directory.NewPerson{
		LastName: "Счетоводов", FirstName: "Пётр", Email: "outside@example.ru", EmailVerified: true, SNILS: snils, NumbersVerified: true,
	})
	must(t, err)
	today := report.Today(w.Clock.Now())
	power, err := w.Directory.AddPower(ctx, directory.System(), o.ID, directory.NewPower{
		Form: directory.PowerSimple, Status: directory.PowerActive, Powers: []string{"2_FNS02"}, Limits: limits,
		Representative: directory.Representative{Kind: directory.RepresentsPerson, LastName: p.LastName, FirstName: p.FirstName, SNILS: snils},
		IssuedOn:       today.String(), Until: today.Add(100).String(),
	})
	must(t, err)
	r, err := w.Directory.Representation(ctx, p.ID, o.ID)
	must(t, err)
	claims := cabinettest.But(w.Claims(o, directory.MemberView{Person: p}), map[string]any{
		"roles": nil, "permissions": power.Permissions(), "mv": r.Version,
		"poa": map[string]any{"id": power.ID, "number": power.Number, "until": power.ValidUntil.Time().Unix()},
	})
	return p, cabinettest.Sign(t, claims), power
}

// TestRepresentativeMustStandInTheReport: who acts by a power of attorney does not
// sign a report that says that the head signs it.
func TestRepresentativeMustStandInTheReport(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		person, token, _ := w.bookkeeper(t, o, directory.PowerLimits{MaySign: true})
		f := w.upload(o, w.vat(o))
		holder := w.Authority.Issue(t, signature.Subject{SNILS: person.SNILS, CommonName: "Счетоводов"})
		w.Expect(w.trySign(o, f.ID, token, holder), http.StatusConflict, "filing_signatory")
	})
}

// TestRefundIsBoundByTheSumOfThePower: the amount of a refund request counts
// against the power's limit, whoever signed it before.
func TestRefundIsBoundByTheSumOfThePower(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		_, token, _ := w.bookkeeper(t, o, directory.PowerLimits{MaxSum: 2_500_000, MaySign: true})
		head := w.head(o)
		head.Period, head.Signatory = "22", reporttest.ByRepresentative
		body, headers := form(t, reporttest.Good("NO_ZAYVOZVR", head))
		w.Expect(w.Do("POST", "/v1/filings/upload", token, body, headers...), 403, "power_exceeded")
		f := w.got(w.Do("POST", "/v1/filings/upload", w.admin(o), body, headers...), 201)
		if f.Amount != 2_500_050 {
			t.Errorf("the amount is %d kopecks", f.Amount)
		}
		w.sign(o, f.ID)
		w.Expect(w.Do("POST", "/v1/filings/"+f.ID+"/submit", token, nil), 403, "power_exceeded")
		if got := w.submit(o, f.ID); got.State != "sent" {
			t.Errorf("it is %s", got.State)
		}
	})
}

// TestSubmittedOnceByManyRacers: however many requests, one submission, one number.
func TestSubmittedOnceByManyRacers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		f := w.upload(o, w.vat(o))
		w.sign(o, f.ID)
		token := w.admin(o)
		codes := make([]string, 8)
		var racers sync.WaitGroup
		for i := range codes {
			racers.Go(func() {
				r := cabinettest.Request(t, "POST", "/v1/filings/"+f.ID+"/submit", token, nil)
				reply := w.Send(r)
				if reply.StatusCode == http.StatusOK {
					var got one
					reply.Into(t, &got)
					codes[i] = got.ControlCode
				} else if reply.StatusCode != http.StatusPreconditionFailed {
					t.Errorf("status %d: %s", reply.StatusCode, reply.Text)
				}
			})
		}
		racers.Wait()
		w.body.Deliver(t)
		if sent := w.body.Sent(); len(sent) != 1 {
			t.Fatalf("%d submissions", len(sent))
		}
		want := w.read(o, f.ID).ControlCode
		for _, code := range codes {
			if code != "" && code != want {
				t.Errorf("a racer was told %s, it is %s", code, want)
			}
		}
		var submitted int
		must(t, w.DB.Get(context.Background(), &submitted, `SELECT COUNT(*) FROM filing_events WHERE filing_id = $1 AND event = 'submitted'`, f.ID))
		if submitted != 1 {
			t.Errorf("%d sendings in the journal", submitted)
		}
	})
}

// TestIdempotencyKeyMakesOneFiling: a retried upload with its key is one draft.
func TestIdempotencyKeyMakesOneFiling(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		body, headers := form(t, w.vat(o))
		headers = append(headers, "Idempotency-Key", "retry-1")
		first := w.Expect(w.Do("POST", "/v1/filings/upload", w.admin(o), body, headers...), 201, "")
		again := w.Expect(w.Do("POST", "/v1/filings/upload", w.admin(o), body, headers...), 201, "")
		if first.Text != again.Text || again.Header.Get("Idempotent-Replayed") != "true" || first.Header.Get("Location") == "" {
			t.Errorf("the repeat answers %s", again.Text)
		}
		var count int
		must(t, w.DB.Get(context.Background(), &count, `SELECT COUNT(*) FROM filings`))
		if count != 1 {
			t.Errorf("%d filings", count)
		}
	})
}

// TestNothingIsSentForARolledBackSubmission: an act that fails leaves neither state
// nor job nor notice.
func TestNothingIsSentForARolledBackSubmission(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		f := w.upload(o, w.vat(o))
		w.sign(o, f.ID)
		_, err := w.DB.Exec(context.Background(), `DELETE FROM filing_signatures WHERE filing_id = $1`, f.ID)
		must(t, err)
		w.Expect(w.Do("POST", "/v1/filings/"+f.ID+"/submit", w.admin(o), nil), 409, "filing_unsigned")
		w.body.Deliver(t)
		if len(w.body.Sent()) != 0 || len(w.events("filing.submitted")) != 0 || w.read(o, f.ID).State != "signed" {
			t.Error("something is left of it")
		}
	})
}
