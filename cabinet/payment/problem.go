package payment

import (
	"context"
	"fmt"
	"strings"

	"propusk/cabinet/paper"
	"propusk/cabinet/request"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
)

// reasons are why somebody reports an accrual (row 226).
var reasons = []struct {
	code string
	words
}{
	{"not_ours", words{"Начисление не относится к организации", "The accrual is not the organisation's"}},
	{"amount", words{"Неверная сумма", "The sum is wrong"}},
	{"paid", words{"Уже оплачено", "It is paid already"}},
	{"requisites", words{"Неверные реквизиты", "The requisites are wrong"}},
	{"other", words{"Другая причина", "Another reason"}},
}

func reasonLabel(code, lang string) string {
	for _, r := range reasons {
		if r.code == code {
			return r.in(lang)
		}
	}
	return ""
}

// Problem is what somebody reports about an accrual.
type Problem struct {
	Reason string   `json:"reason"`
	Text   string   `json:"text"`
	Files  []string `json:"files"` // proofs, uploaded to the requests' files
}

// Reported is a ticket that was opened about an accrual.
type Reported struct {
	AccrualID string       `db:"accrual_id" json:"-"`
	RequestID string       `db:"request_id" json:"request_id"`
	Number    string       `db:"number" json:"number"`
	Reason    string       `db:"reason" json:"reason"`
	CreatedAt storage.Time `db:"created_at" json:"created_at"`
}

// Report opens a ticket of the support about an accrual: its answer, and the result in
// the history of requests, are the inbox's. It takes requests:write beside the right
// to see the accrual; the inbox's and the directory's refusals.
func (p *Payments) Report(ctx context.Context, actor directory.Actor, organisationID, id string, pr Problem) (rep Reported, err error) {
	err = p.DB.Tx(ctx, func(ctx context.Context) error {
		if _, err := p.Directory.Authorise(ctx, actor, organisationID, directory.Act{Permission: directory.FinanceRead}); err != nil {
			return err
		}
		a, err := p.Accrual(ctx, organisationID, id)
		if err != nil {
			return err
		}
		r, err := p.Tickets.Open(ctx, actor, organisationID, request.NewRequest{
			Type: request.Ticket, Kind: "payment", Subject: clip("Начисление "+a.UIN+": "+reasonLabel(pr.Reason, "ru"), request.MaxSubject-1),
			Body: pr.body(a), Files: pr.Files, Details: request.Details{ReplyChannel: "cabinet"},
		})
		if err != nil {
			return err
		}
		rep = Reported{a.ID, r.ID, r.Number, pr.Reason, p.now()}
		return p.keepReport(ctx, actor, a, rep)
	})
	if err != nil {
		return Reported{}, fmt.Errorf("payment: report: %w", err)
	}
	return rep, nil
}

// body is what the ticket says: the reporter's words and what they are about.
func (pr Problem) body(a Accrual) string {
	lines := []string{
		"Причина: " + reasonLabel(pr.Reason, "ru"), "УИН: " + a.UIN, "Назначение: " + a.Purpose, "Получатель: " + a.Payee + ", ИНН " + a.PayeeINN,
		"Сумма: " + paper.Rubles(a.Amount), "Начислено: " + russianDay(a.BilledAt),
	}
	if text := strings.TrimSpace(pr.Text); text != "" {
		lines = append(lines, "", text)
	}
	return strings.Join(lines, "\n")
}

func (p *Payments) keepReport(ctx context.Context, actor directory.Actor, a Accrual, rep Reported) error {
	_, err := p.DB.Exec(ctx, `INSERT INTO accrual_problems (accrual_id, request_id, number, reason, created_at) VALUES ($1, $2, $3, $4, $5)`,
		rep.AccrualID, rep.RequestID, rep.Number, rep.Reason, rep.CreatedAt)
	if err != nil {
		return err
	}
	return p.Journal.Append(ctx, journal.Entry{
		Organisation: a.OrganisationID, Actor: actor.PersonID, Client: actor.ClientID, Action: "accrual.reported", Object: "accrual:" + a.ID,
		Outcome: "ok", Details: map[string]string{"uin": a.UIN, "reason": rep.Reason, "ticket": rep.Number},
	})
}

// reports are the last tickets about an accrual, newest first.
func (p *Payments) reports(ctx context.Context, a Accrual) ([]Reported, error) {
	var list []Reported
	err := p.DB.Select(ctx, &list, `SELECT accrual_id, request_id, number, reason, created_at FROM accrual_problems
		WHERE accrual_id = $1 ORDER BY created_at DESC, request_id LIMIT 20`, a.ID)
	if err != nil {
		return nil, fmt.Errorf("payment: reports: %w", err)
	}
	return list, nil
}
