package extract_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"propusk/cabinet/authority"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/paper"
	"propusk/idp/directory"
)

func TestCertificateOfAnAuthorityGoesFromRequestToPaper(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		alpha := w.office("Alpha")
		e := w.order(alpha, map[string]any{"kind": "tax_debt", "format": "both", "purpose": "Для банка", "period": map[string]any{"from": w.today(-30), "to": w.today(0)}})
		if e.Status != "requested" || e.Stage != "asked" || e.Progress != 10 {
			t.Errorf("%+v", e)
		}
		s, err := w.gateway.load(context.Background(), w.gateway.last(t))
		cabinettest.Must(t, err)
		if s.INN != alpha.INN || s.KPP != alpha.KPP || s.OGRN != alpha.OGRN || s.Recipient != "7707" || s.OrganisationID != alpha.ID || s.Kind != "extract" ||
			s.Fields["extract"] != "tax_debt" || s.Fields["from"] != w.today(-30) || s.Fields["purpose"] != "Для банка" || s.Fields["number"] != e.Number {
			t.Errorf("%+v", s)
		}
		w.gateway.answer(t, authority.Answer{Event: authority.InWork, At: 1})
		if got := w.show(alpha, e.ID); got.Stage != "accepted" || got.Progress != 30 {
			t.Errorf("%+v", got)
		}
		w.gateway.answer(t, authority.Answer{Event: authority.Result, At: 1795338300000000, Number: "ФНС-77", Source: "ИФНС № 7", Fields: map[string]string{
			"as_of": "2026-11-20", "debt": "1284350", "conclusion": "Имеется задолженность", "debts.1.name": "НДС", "debts.1.kbk": "18210301000011000110",
			"debts.1.amount": "1250000", "debts.2.name": "Пени", "debts.2.amount": "34350", "debts.4.name": "не по порядку", "new_field": "<b>новое</b>", "debt_words": "",
		}})
		w.Work()
		got := w.show(alpha, e.ID)
		if got.Status != "ready" || got.Source == nil || got.Source.Number != "ФНС-77" || len(got.Files) != 4 {
			t.Fatalf("%+v", got)
		}
		printed, err := paper.ReadPDF(w.part(alpha, got, "pdf"))
		cabinettest.Must(t, err)
		for _, want := range []string{"12 843,50 ₽", "20.11.2026", "Имеется задолженность", "НДС", "12 500,00 ₽", "343,50 ₽", "new_field", "<b>новое</b>", "debts.4.name", "ФНС-77", "22.11.2026", "Длябанка"} {
			if !strings.Contains(printed.Text, strings.Join(strings.Fields(want), "")) {
				t.Errorf("the paper does not say %q: %s", want, printed.Text)
			}
		}
		file := string(w.part(alpha, got, "xml"))
		for _, want := range []string{`Вид="tax_debt"`, `Код="debt"`, `Значение="1284350"`, `&lt;b&gt;новое&lt;/b&gt;`, `<Таблица Код="debts"`} {
			if !strings.Contains(file, want) {
				t.Errorf("the XML lacks %s: %s", want, file)
			}
		}
		if strings.Count(file, "<Строка>") != 2 {
			t.Errorf("%s", file)
		}
	})
}

func TestRefusalIsToldInWordsAndCanBeTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		alpha := w.office("Alpha")
		e := w.order(alpha, map[string]any{"kind": "tax_status"})
		first := w.gateway.last(t)
		w.gateway.answer(t, authority.Answer{Event: authority.Refused, At: 1, Faults: []authority.Fault{{Code: "0400", Text: "Нет\r\nданных"}}, Text: "Обратитесь в инспекцию"})
		got := w.show(alpha, e.ID)
		if got.Status != "failed" || got.Failure.Code != "authority_refused" || !strings.Contains(got.Failure.Title, "0400 Нет данных; Обратитесь в инспекцию") {
			t.Fatalf("%+v", got.Failure)
		}
		w.Expect(w.Do("POST", "/v1/extracts/"+e.ID+"/retry", w.Token(alpha, directory.Accountant), nil), 200, "")
		second := w.gateway.last(t)
		if first == second {
			t.Fatal("the far side would take the second request for a repeat of the first")
		}
		// What the authority says about the first request no longer counts.
		w.gateway.answer(t, authority.Answer{SubmissionID: first, Event: authority.Result, At: 1, Fields: map[string]string{"state": "старый ответ"}})
		if got := w.show(alpha, e.ID); got.Status != "requested" {
			t.Errorf("%+v", got)
		}
		if _, err := w.gateway.load(context.Background(), first); err == nil {
			t.Error("the first request would be sent still")
		}
		w.gateway.answer(t, authority.Answer{Event: authority.Result, At: 1, Fields: map[string]string{"state": "Состоит на учёте"}})
		w.Work()
		if got := w.show(alpha, e.ID); got.Status != "ready" {
			t.Errorf("%+v", got)
		}
		if w.told.types() != "extract.failed extract.ready" {
			t.Errorf("told: %s", w.told.types())
		}
	})
}

func TestAnswersThatHelpNobodyFailInWords(t *testing.T) {
	w := one(t)
	alpha := w.office("Alpha")
	many := map[string]string{}
	for i := range 6000 {
		many[fmt.Sprint("field", i)] = "x"
	}
	for code, a := range map[string]authority.Answer{
		"answer_unusable":   {Event: authority.Result, At: 1},
		"too_large":         {Event: authority.Result, At: 1, Fields: many},
		"authority_refused": {Event: authority.Refused, At: 1},
	} {
		e := w.order(alpha, map[string]any{"kind": "tax_status"})
		w.gateway.answer(t, a)
		if got := w.show(alpha, e.ID); got.Status != "failed" || got.Failure.Code != code {
			t.Errorf("%s: %+v", code, got.Failure)
		}
	}
	e := w.order(alpha, map[string]any{"kind": "tax_status"})
	w.gateway.answer(t, authority.Answer{Event: authority.Message, At: 1, Text: "Ждите"})
	if got := w.show(alpha, e.ID); got.Status != "requested" {
		t.Errorf("%+v", got)
	}
	w.gateway.answer(t, authority.Answer{SubmissionID: "unknown", Event: authority.Result, At: 1})
}

func TestRequestThatNobodyTakesFailsAndACancelledOneIsNotSent(t *testing.T) {
	w := one(t)
	alpha, ctx := w.office("Alpha"), context.Background()
	e := w.order(alpha, map[string]any{"kind": "tax_status"})
	delivery := authority.Delivery{Load: authority.Load{Kind: "extract", ID: w.gateway.last(t)}, State: authority.Sent}
	cabinettest.Must(t, w.gateway.watch(ctx, delivery))
	if got := w.show(alpha, e.ID); got.Status != "requested" {
		t.Errorf("%+v", got)
	}
	delivery.State = authority.Dead
	for range 2 {
		cabinettest.Must(t, w.gateway.watch(ctx, delivery))
	}
	if got := w.show(alpha, e.ID); got.Status != "failed" || got.Failure.Code != "authority_unavailable" || w.told.types() != "extract.failed" {
		t.Errorf("%+v, told %s", got, w.told.types())
	}
	other := w.order(alpha, map[string]any{"kind": "tax_status"})
	id := w.gateway.last(t)
	w.Expect(w.Do("POST", "/v1/extracts/"+other.ID+"/cancel", w.Token(alpha, directory.Head), nil), 200, "")
	if _, err := w.gateway.load(ctx, id); !errors.Is(err, authority.ErrWithdrawn) {
		t.Errorf("%v", err)
	}
	w.gateway.answer(t, authority.Answer{SubmissionID: id, Event: authority.Result, At: 1, Fields: map[string]string{"state": "x"}})
	if got := w.show(alpha, other.ID); got.Status != "cancelled" {
		t.Errorf("%+v", got)
	}
}
