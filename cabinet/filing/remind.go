package filing

import (
	"context"
	"fmt"
	"strconv"

	"propusk/cabinet/filing/report"
	"propusk/cabinet/notice"
	"propusk/idp/directory"
)

// marks of reminders, in days before the deadline (row 181).
var reminderDays = []int{1, 3, 10}

// overdueFor is how many days after a deadline somebody is still told of it.
const overdueFor = 30

// Remind tells every organisation of the deadlines that come near and of those that
// have passed, once a day for each organisation and once for each mark of a
// deadline, whichever node does it and however often it is started.
func (r *Filings) Remind(ctx context.Context) error {
	today := report.Today(r.Now())
	for page := (directory.Page{Limit: directory.MaxPage}); ; {
		organisations, next, err := r.Directory.Organisations(ctx, page)
		if err != nil {
			return fmt.Errorf("filing: remind: %w", err)
		}
		for _, o := range organisations {
			if o.Status != directory.StatusActive {
				continue
			}
			if err := r.remindOne(ctx, o, today); err != nil {
				return fmt.Errorf("filing: remind %s: %w", o.ID, err)
			}
		}
		if page.After = next; next == "" {
			return nil
		}
	}
}

func (r *Filings) remindOne(ctx context.Context, o directory.Organisation, today report.Date) error {
	return r.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := r.DB.Exec(ctx, `INSERT INTO filing_reminders (organisation_id, day) VALUES ($1, $2)
			ON CONFLICT (organisation_id) DO UPDATE SET day = excluded.day WHERE filing_reminders.day <> excluded.day`, o.ID, today.String())
		if err != nil || n == 0 {
			return err
		}
		_, duties, err := r.duties(ctx, o.ID, today.Add(-overdueFor), today.Add(reminderDays[len(reminderDays)-1]), today)
		if err != nil {
			return err
		}
		for _, d := range duties {
			if err := r.remindOf(ctx, o, d, today); err != nil {
				return err
			}
		}
		return nil
	})
}

// remindOf tells of one deadline, unless the report is done or on its way, or the
// deadline had passed before the organisation came here.
func (r *Filings) remindOf(ctx context.Context, o directory.Organisation, d duty, today report.Date) error {
	status := d.status(today)
	if status == done || status == waiting || d.Day.Before(report.Today(o.CreatedAt.Time())) {
		return nil
	}
	left := today.Until(d.Day)
	mark := "overdue"
	if left >= 0 {
		for _, days := range reminderDays {
			if left <= days {
				mark = strconv.Itoa(days)
				break
			}
		}
	}
	return r.Notices.Tell(ctx, deadlineEvent(o.ID, d, mark, left))
}

func deadlineEvent(organisationID string, d duty, mark string, left int) notice.Event {
	e := notice.Event{
		ID:   fmt.Sprintf("filing.deadline/%s/%s/%d-%s/%s", organisationID, d.Type.ID, d.Year, d.Period.Code, mark),
		Type: "filing.deadline", OrganisationID: organisationID, Category: notice.Deadline, Importance: notice.Normal,
		Permission: directory.FilingsRead, Path: "/cabinet/calendar",
		Data: map[string]any{"report": d.Type.ID, "period": periodName(d.Period, d.Year), "due": d.Day.String(), "days": left},
	}
	if left <= 1 {
		e.Importance = notice.High
	}
	if mark == "overdue" {
		e.Type, e.Importance = "filing.overdue", notice.Critical
		e.Data = map[string]any{"report": d.Type.ID, "period": periodName(d.Period, d.Year), "due": d.Day.String()}
	}
	e.Texts = notice.Texts{RU: deadlineWords(d, mark, left, "ru"), EN: deadlineWords(d, mark, left, "en")}
	return e
}

func deadlineWords(d duty, mark string, left int, lang string) notice.Message {
	name := d.Type.Name.In(lang) + ", " + d.Period.Name.In(lang) + " " + strconv.Itoa(d.Year)
	say := func(ru, en string) string { return report.Saying{RU: ru, EN: en}.In(lang) }
	m := notice.Message{Subject: say("Срок сдачи отчёта "+d.Day.Dotted()+": ", "Due on "+d.Day.Dotted()+": ") + name}
	switch {
	case mark == "overdue":
		m.Subject = say("Просрочено: ", "Overdue: ") + name
		m.Body = say("Отчёт нужно было сдать до ", "The report was due on ") + d.Day.Dotted() + say(". Отправьте его как можно скорее.", ". Send it as soon as possible.")
	case left == 0:
		m.Body = say("Сегодня последний день.", "Today is the last day.")
	default:
		m.Body = say("Осталось дней: ", "Days left: ") + strconv.Itoa(left) + "."
	}
	if d.filing != nil {
		m.Body += say(" Номер операции черновика: ", " Operation number of the draft: ") + d.filing.Number + "."
	}
	return m
}
