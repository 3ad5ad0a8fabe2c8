package extract_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/extract"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/storagetest"
)

func orderOf(kind, format string) extract.Order { return extract.Order{Kind: kind, Format: format} }

// today is the world's day in Moscow, moved by days.
func (w *world) today(days int) string {
	return w.Clock.Now().Add(3*time.Hour).AddDate(0, 0, days).Format(time.DateOnly)
}

func TestOrdersAreCheckedAndEveryFaultIsTold(t *testing.T) {
	w := one(t)
	alpha := w.office("Alpha")
	period := func(from, to string) map[string]any { return map[string]any{"from": from, "to": to} }
	for name, c := range map[string]struct {
		body map[string]any
		want string
	}{
		"nothing":                     {map[string]any{}, "/kind required"},
		"an unknown kind":             {map[string]any{"kind": "passport"}, "/kind unknown"},
		"a sole proprietor's":         {map[string]any{"kind": "egrip"}, "/kind not_for_organization"},
		"an unknown format":           {map[string]any{"kind": "egrul", "format": "docx"}, "/format unknown"},
		"no period":                   {map[string]any{"kind": "tax_debt"}, "/period required"},
		"a period where there's none": {map[string]any{"kind": "egrul", "period": period("2026-01-01", "2026-01-31")}, "/period not_expected"},
		"an empty period":             {map[string]any{"kind": "tax_debt", "period": period("", "")}, "/period/from format"},
		"half a period":               {map[string]any{"kind": "tax_debt", "period": period("2026-01-01", "")}, "/period/to format"},
		"no such day":                 {map[string]any{"kind": "tax_debt", "period": period("2025-02-30", "2025-03-01")}, "/period/from format"},
		"a day of the Middle Ages":    {map[string]any{"kind": "tax_debt", "period": period("1026-01-01", "1026-01-02")}, "/period/from format"},
		"backwards":                   {map[string]any{"kind": "tax_debt", "period": period("2025-02-02", "2025-02-01")}, "/period/to before_from"},
		"the future":                  {map[string]any{"kind": "tax_debt", "period": period(w.today(0), w.today(1))}, "/period/to in_future"},
		"longer than three years":     {map[string]any{"kind": "tax_debt", "period": period("2020-01-01", "2023-01-02")}, "/period too_long"},
		"no regime":                   {map[string]any{"kind": "tax_regime"}, "/parameters/regime required"},
		"an unknown regime":           {map[string]any{"kind": "tax_regime", "parameters": map[string]any{"regime": "none"}}, "/parameters/regime unknown"},
		"an unknown parameter":        {map[string]any{"kind": "egrul", "parameters": map[string]any{"x/../<b>": "1"}}, "/parameters unknown"},
		"a long purpose":              {map[string]any{"kind": "egrul", "purpose": strings.Repeat("ж", 301)}, "/purpose too_long"},
		"a purpose that turns round":  {map[string]any{"kind": "egrul", "purpose": "a\u202eb"}, "/purpose invalid"},
		"everything":                  {map[string]any{"kind": "x", "format": "x", "email": "x"}, "/kind unknown; /format unknown; /email format"},
	} {
		got := w.Expect(w.Do("POST", "/v1/extracts", w.Token(alpha, directory.Head), c.body, "Accept-Language", "en"), 422, "validation_failed").Problem(t)
		var faults []string
		for _, f := range got.Errors {
			faults = append(faults, f.Pointer+" "+f.Code)
			if f.Detail == "" {
				t.Errorf("%s: %s has no words", name, f.Code)
			}
		}
		if strings.Join(faults, "; ") != c.want {
			t.Errorf("%s: %v, want %s", name, faults, c.want)
		}
	}
	longest := w.order(alpha, map[string]any{"kind": "tax_debt", "period": period("2023-01-02", "2026-01-01"), "email": "Bank@Example.RU"})
	if longest.Period == nil || longest.Period.To != "2026-01-01" || longest.Email != "b…@example.ru" || longest.Format != "pdf" {
		t.Errorf("%+v", longest)
	}
}

// TestEmailsCannotCarryHeadersOrFurtherAddressees guards what goes into SMTP.
func TestEmailsCannotCarryHeadersOrFurtherAddressees(t *testing.T) {
	w := one(t)
	alpha := w.office("Alpha")
	ready := w.ready(alpha)
	for _, email := range []string{
		"a@example.ru\r\nBcc: b@example.ru", "a@example.ru,b@example.ru", "a@example.ru b@example.ru", "Анна <a@example.ru>", "<a@example.ru>",
		"a@example.ru\x00", "a@example.ru>", "\"a b\"@example.ru", "a@", "@example.ru", "a", "a@b\ncc:c@d", "mailto:a@example.ru?bcc=b@example.ru",
	} {
		for path, body := range map[string]map[string]any{
			"/v1/extracts":                       {"kind": "egrul", "email": email},
			"/v1/extracts/" + ready.ID + "/send": {"email": email},
		} {
			got := w.Do("POST", path, w.Token(alpha, directory.Head), body)
			if got.StatusCode != 422 || got.Problem(t).Errors[0].Pointer != "/email" {
				t.Errorf("%s %q: %d %s", path, email, got.StatusCode, got.Text)
			}
		}
	}
	w.Work()
	all, err := w.Outbox.List(context.Background(), 1000)
	cabinettest.Must(t, err)
	for _, m := range all {
		if len(m.Attachments) > 0 || strings.Contains(m.To, "b@example.ru") {
			t.Errorf("sent to %q", m.To)
		}
	}
}

func TestOrderedMailCarriesTheFilesAndAMaskedTrace(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		alpha := w.office("Alpha")
		e := w.order(alpha, map[string]any{"kind": "egrul", "format": "both", "email": "bank@example.ru"})
		if w.Work(); len(w.Sent("bank@example.ru")) != 1 {
			t.Fatalf("%d messages", len(w.Sent("bank@example.ru")))
		}
		m := w.Sent("bank@example.ru")[0]
		if len(m.Attachments) != 4 || !strings.HasPrefix(m.Attachments[0].Name, "egrul-"+alpha.INN) || m.Attachments[0].MediaType != "application/pdf" ||
			m.Attachments[1].MediaType != "application/pkcs7-signature" || strings.Contains(m.Subject+m.Text, alpha.Name) {
			t.Errorf("%+v", m)
		}
		got := w.Expect(w.Do("POST", "/v1/extracts/"+e.ID+"/send", w.Token(alpha, directory.Head), map[string]any{"email": "Court@Example.ru"}), 202, "")
		if !strings.Contains(got.Text, "C…@Example.ru") || len(w.Sent("court@example.ru")) != 1 {
			t.Errorf("%s", got.Text)
		}
		var kept int
		cabinettest.Must(t, w.DB.Get(context.Background(), &kept, `SELECT COUNT(*) FROM journal WHERE details LIKE '%bank@%' OR details LIKE '%court@%'`))
		if kept != 0 {
			t.Error("a mailbox stands in the journal")
		}
		cabinettest.Must(t, w.DB.Get(context.Background(), &kept, `SELECT COUNT(*) FROM journal WHERE action = 'extract.mailed' AND details LIKE '%…@example.ru%'`))
		if kept != 2 {
			t.Errorf("%d entries tell of mail", kept)
		}
	})
}

// TestLettersOfADayAreBounded: the mailbox may be that of somebody who wants none.
func TestLettersOfADayAreBounded(t *testing.T) {
	w := one(t)
	alpha := w.office("Alpha")
	e := w.ready(alpha)
	send := func() cabinettest.Reply {
		return w.Do("POST", "/v1/extracts/"+e.ID+"/send", w.Token(alpha, directory.Head), map[string]any{"email": "bank@example.ru"})
	}
	for range 200 {
		w.Expect(send(), 202, "")
	}
	if got := w.Expect(send(), 429, "rate_limited"); got.Header.Get("Retry-After") == "" {
		t.Error("nobody says when")
	}
	order := map[string]any{"kind": "egrul", "email": "bank@example.ru"}
	w.Expect(w.Do("POST", "/v1/extracts", w.Token(alpha, directory.Head), order), 429, "rate_limited")
	w.order(alpha, map[string]any{"kind": "egrul"})
	if n := len(w.Sent("bank@example.ru")); n != 200 {
		t.Errorf("%d letters", n)
	}
	w.Clock.Advance(24 * time.Hour)
	w.Expect(send(), 202, "")
}

// TestRepeatedOrderIsOneExtract guards row 2 of the API's quality: Idempotency-Key.
func TestRepeatedOrderIsOneExtract(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		alpha := w.office("Alpha")
		var first, again shown
		for _, into := range []*shown{&first, &again} {
			w.Expect(w.Do("POST", "/v1/extracts", w.Token(alpha, directory.Head), map[string]any{"kind": "egrul"}, "Idempotency-Key", "k1"), 201, "").Into(t, into)
		}
		if first.ID != again.ID {
			t.Errorf("two extracts: %s, %s", first.ID, again.ID)
		}
		w.Expect(w.Do("POST", "/v1/extracts", w.Token(alpha, directory.Head), map[string]any{"kind": "tax_status"}, "Idempotency-Key", "k1"), 422, "idempotency_key_reused")
	})
}

// TestWhoMayNotHaveExtractsGetsNone, whatever the token said when it was made.
func TestWhoMayNotHaveExtractsGetsNone(t *testing.T) {
	w := one(t)
	alpha := w.office("Alpha")
	e := w.ready(alpha)
	ctx := context.Background()
	denied := w.Person("Alpha")
	_, err := w.Directory.AddMember(ctx, directory.System(), directory.NewMember{
		OrganisationID: alpha.ID, PersonID: denied.ID, Role: directory.Accountant, Denials: []directory.Permission{directory.ExtractsRead},
	})
	cabinettest.Must(t, err)
	for name, actor := range map[string]directory.Actor{
		"denied":              {PersonID: denied.ID},
		"a stranger":          {PersonID: w.Person("Gamma").ID},
		"a client without it": {ClientID: "robot", Permissions: []directory.Permission{directory.FilingsRead}},
		"nobody":              {},
	} {
		if _, err := w.room.Place(ctx, actor, alpha.ID, orderOf("egrul", "pdf")); !errors.Is(err, directory.ErrForbidden) {
			t.Errorf("%s orders: %v", name, err)
		}
		if _, err := w.room.Renew(ctx, actor, alpha.ID, e.ID); !errors.Is(err, directory.ErrForbidden) {
			t.Errorf("%s renews: %v", name, err)
		}
		if err := w.room.Mail(ctx, actor, alpha.ID, e.ID, "a@example.ru"); !errors.Is(err, directory.ErrForbidden) {
			t.Errorf("%s mails: %v", name, err)
		}
	}
	if _, err := w.room.Place(ctx, directory.Actor{ClientID: "robot", Permissions: []directory.Permission{directory.ExtractsRead}}, alpha.ID, orderOf("egrul", "pdf")); err != nil {
		t.Errorf("a client with it: %v", err)
	}
}

// TestPowerOfAttorneyIsBoundToTheKindsThatItNames: an order of another kind is
// refused, and the order keeps the power's number.
func TestPowerOfAttorneyIsBoundToTheKindsThatItNames(t *testing.T) {
	w := one(t)
	alpha, ctx := w.office("Alpha"), context.Background()
	agent, err := w.Directory.CreatePerson(ctx, directory.NewPerson{
		LastName: "Поверенный", FirstName: "Пётр", Email: "agent@example.ru", EmailVerified: true, SNILS: "11223344595", NumbersVerified: true,
	})
	cabinettest.Must(t, err)
	now := w.Clock.Now()
	power, err := w.Directory.AddPower(ctx, directory.System(), alpha.ID, directory.NewPower{
		Form: directory.PowerNotarial, Powers: []string{"CAB_EXTRACTS"}, Limits: directory.PowerLimits{Extracts: []string{"egrul"}},
		Representative: directory.Representative{Kind: "person", LastName: "Поверенный", FirstName: "Пётр", SNILS: "11223344595"},
		IssuedOn:       now.Format(time.DateOnly), Until: now.AddDate(1, 0, 0).Format(time.DateOnly), Status: directory.PowerActive,
	})
	cabinettest.Must(t, err)
	actor := directory.Actor{PersonID: agent.ID, PowerID: power.ID}
	e, err := w.room.Place(ctx, actor, alpha.ID, orderOf("egrul", "pdf"))
	if err != nil || e.Authority.V.By != directory.ByPower || e.Authority.V.PowerNumber != power.Number {
		t.Errorf("%+v %v", e.Authority.V, err)
	}
	if _, err := w.room.Place(ctx, actor, alpha.ID, orderOf("tax_status", "pdf")); !errors.Is(err, directory.ErrPowerExceeded) {
		t.Errorf("another kind: %v", err)
	}
	_, err = w.room.Place(ctx, directory.System(), alpha.ID, orderOf("tax_status", "pdf"))
	cabinettest.Must(t, err)
	kinds, err := w.room.Readable(ctx, actor, alpha.ID)
	if err != nil || fmt.Sprint(kinds) != "[egrul]" {
		t.Errorf("he sees %v, %v", kinds, err)
	}
	list, err := w.room.List(ctx, alpha.ID, extract.Filter{Kinds: append(kinds, "egrip")}, api.Page{Limit: 10})
	if err != nil || len(list) != 1 || list[0].ID != e.ID {
		t.Errorf("%d orders, %v", len(list), err)
	}
	if _, err := w.room.Readable(ctx, directory.Actor{PersonID: w.Person("Gamma").ID}, alpha.ID); !errors.Is(err, directory.ErrForbidden) {
		t.Errorf("a stranger: %v", err)
	}
}

func TestTooManyOrdersAtATimeAreRefused(t *testing.T) {
	w := one(t)
	alpha, beta := w.office("Alpha"), w.office("Beta")
	for range 20 {
		_, err := w.room.Place(context.Background(), directory.System(), alpha.ID, orderOf("egrul", "xml"))
		cabinettest.Must(t, err)
	}
	w.Expect(w.Do("POST", "/v1/extracts", w.Token(alpha, directory.Head), map[string]any{"kind": "egrul"}), 409, "extract_too_many")
	w.order(beta, map[string]any{"kind": "egrul"})
	w.Work()
	w.order(alpha, map[string]any{"kind": "egrul"})
}

func TestListIsFilteredAndPaged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		alpha, beta := w.office("Alpha"), w.office("Beta")
		w.order(beta, map[string]any{"kind": "egrul"})
		var ids []string
		for i := range 5 {
			kind := []string{"egrul", "tax_status"}[i%2]
			ids = append(ids, w.order(alpha, map[string]any{"kind": kind}).ID)
			w.Clock.Advance(time.Second)
		}
		slices.Reverse(ids)
		get := func(query string) (got []string, next string) {
			var page struct {
				Items []shown
				Next  string
			}
			w.Expect(w.Do("GET", "/v1/extracts"+query, w.Token(alpha, directory.Observer), nil), 200, "").Into(t, &page)
			for _, e := range page.Items {
				got = append(got, e.ID)
			}
			return got, page.Next
		}
		all, next := get("")
		if fmt.Sprint(all) != fmt.Sprint(ids) || next != "" {
			t.Errorf("%v %q, want %v", all, next, ids)
		}
		var paged []string
		for query := "?limit=2"; query != ""; {
			part, next := get(query)
			paged = append(paged, part...)
			if query = ""; next != "" {
				query = "?limit=2&after=" + next
			}
		}
		if fmt.Sprint(paged) != fmt.Sprint(ids) {
			t.Errorf("%v", paged)
		}
		if kinds, _ := get("?kind=tax_status&status=requested"); len(kinds) != 2 {
			t.Errorf("%v", kinds)
		}
		since := w.Clock.Now().Add(-2 * time.Second).UTC().Format(time.RFC3339Nano)
		if late, _ := get("?since=" + since); len(late) != 2 {
			t.Errorf("%v", late)
		}
		if early, _ := get("?before=" + since); len(early) != 3 {
			t.Errorf("%v", early)
		}
		for _, query := range []string{"?status=lost", "?kind=none", "?since=yesterday", "?after=%00", "?page=2"} {
			w.Expect(w.Do("GET", "/v1/extracts"+query, w.Token(alpha, directory.Observer), nil), 400, "parameter_invalid")
		}
	})
}

// TestListsWalkAnIndex looks at PostgreSQL's plan over 20,000 orders of others.
func TestListsWalkAnIndex(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		if db.Engine() != "postgres" {
			return
		}
		w := setup(t, db)
		alpha, ctx := w.office("Alpha"), context.Background()
		_, err := db.Exec(ctx, `INSERT INTO extracts (id, organisation_id, kind, number, status, stage, format, particulars, subject, answer, failure, authority,
			ordered_by, client_id, submission_id, renews_id, files, version, created_at, updated_at, ready_at, valid_until)
			SELECT 'x' || n, $1, 'egrul', 'n' || n, 'ready', 'done', 'pdf', '{}', '{}', '{}', '{}', '{}', '', '', '', '', '{}', 1, n, n, n, 0 FROM generate_series(1, 20000) AS n`, alpha.ID)
		cabinettest.Must(t, err)
		_, err = db.Exec(ctx, `ANALYZE extracts`)
		cabinettest.Must(t, err)
		for name, query := range map[string]string{
			"all":       `SELECT id FROM extracts WHERE organisation_id = $1 ORDER BY created_at DESC, id DESC LIMIT 51`,
			"next page": `SELECT id FROM extracts WHERE organisation_id = $1 AND (created_at, id) < (10000, 'x') ORDER BY created_at DESC, id DESC LIMIT 51`,
			"by kind":   `SELECT id FROM extracts WHERE organisation_id = $1 AND kind = 'egrul' ORDER BY created_at DESC, id DESC LIMIT 51`,
			"by status": `SELECT id FROM extracts WHERE organisation_id = $1 AND status = 'failed' ORDER BY created_at DESC, id DESC LIMIT 51`,
			"open":      `SELECT COUNT(*) FROM (SELECT id FROM extracts WHERE organisation_id = $1 AND status IN ('requested', 'making') LIMIT 20) AS o`,
		} {
			var plan []string
			cabinettest.Must(t, db.Select(ctx, &plan, `EXPLAIN `+query, alpha.ID))
			if text := strings.Join(plan, "\n"); strings.Contains(text, "Seq Scan") || strings.Contains(text, "Sort") && name != "open" {
				t.Errorf("%s:\n%s", name, text)
			}
		}
	})
}

func TestCancelledOrderIsNotMade(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		alpha := w.office("Alpha")
		e := w.order(alpha, map[string]any{"kind": "egrul", "email": "bank@example.ru"})
		// Cancelled while the job is at it: between reading and keeping.
		w.register.set(nil, func() {
			_, err := w.room.Cancel(context.Background(), directory.System(), alpha.ID, e.ID, 0)
			if err != nil && !errors.Is(err, extract.ErrState) {
				t.Error(err)
			}
		})
		w.Work()
		e = w.show(alpha, e.ID)
		if e.Status != "cancelled" || len(e.Files) != 0 || w.told.types() != "" || len(w.Sent("bank@example.ru")) != 0 {
			t.Errorf("%+v, told %q", e, w.told.types())
		}
		w.Clock.Advance(25 * time.Hour)
		_, err := w.files.Sweep(context.Background())
		cabinettest.Must(t, err)
		var left int
		cabinettest.Must(t, w.DB.Get(context.Background(), &left, `SELECT COUNT(*) FROM files`))
		if left != 0 {
			t.Errorf("%d files are left of what was thrown away", left)
		}
		w.Expect(w.Do("POST", "/v1/extracts/"+e.ID+"/cancel", w.Token(alpha, directory.Head), nil), 409, "extract_state")
		w.Expect(w.Do("POST", "/v1/extracts/"+e.ID+"/retry", w.Token(alpha, directory.Head), nil), 409, "extract_state")
		w.Expect(w.Do("POST", "/v1/extracts/"+e.ID+"/renew", w.Token(alpha, directory.Head), nil), 409, "extract_state")
		w.Expect(w.Do("POST", "/v1/extracts/"+e.ID+"/send", w.Token(alpha, directory.Head), map[string]any{"email": "a@example.ru"}), 409, "extract_state")
	})
}

func TestChangesOfWhatWasNotSeenAreRefused(t *testing.T) {
	w := one(t)
	alpha := w.office("Alpha")
	e := w.order(alpha, map[string]any{"kind": "tax_status"})
	tag := w.Do("GET", "/v1/extracts/"+e.ID, w.Token(alpha, directory.Head), nil).Header.Get("ETag")
	if got := w.Do("GET", "/v1/extracts/"+e.ID, w.Token(alpha, directory.Head), nil, "If-None-Match", tag); got.StatusCode != 304 {
		t.Errorf("unchanged: %d", got.StatusCode)
	}
	w.gateway.answer(t, authority.Answer{Event: authority.InWork, At: 1})
	w.Expect(w.Do("POST", "/v1/extracts/"+e.ID+"/cancel", w.Token(alpha, directory.Head), nil, "If-Match", tag), 412, "version_changed")
	tag = w.Do("GET", "/v1/extracts/"+e.ID, w.Token(alpha, directory.Head), nil).Header.Get("ETag")
	w.Expect(w.Do("POST", "/v1/extracts/"+e.ID+"/cancel", w.Token(alpha, directory.Head), nil, "If-Match", tag), 200, "")
}
