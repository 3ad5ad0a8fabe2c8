package demo

import (
	"context"
	"fmt"
	"time"

	bodies "propusk/cabinet/authority"
	"propusk/cabinet/authority/sandbox"
	"propusk/cabinet/tender"
	"propusk/idp/directory"
	"propusk/storage"
)

// customers are invented, their numbers as well.
var customers = map[string]bodies.Customer{
	"port":  {INN: "9901104509", KPP: "990101001", Name: "ФГУП «Управление северных портов»"},
	"river": {INN: "9901104516", KPP: "990101001", Name: "ФБУ «Администрация Ладожского бассейна»"},
	"city":  {INN: "9901104523", KPP: "990101001", Name: "Комитет по транспорту города Приозёрска"},
	"navy":  {INN: "9901104530", KPP: "990101001", Name: "ФГБУ «Гидрографическая служба»"},
}

// shownTender is an announcement of the demo's register. Days and prices count from
// the day of the demo and in rubles.
type shownTender struct {
	number             string // the last digits
	object             string
	customer           string
	sector, sectorName string
	region             string
	rubles             int64
	published, until   int // days
	small              bool
	term               string
}

var shownTenders = []shownTender{
	{"00001", "Модернизация системы управления движением судов: поставка и настройка радиолокационных постов", "port", "26.51.20.121", "Аппаратура радиолокационная", "47", 18_400_000, -3, 12, false, "90 дней со дня заключения контракта"},
	{"00002", "Техническое обслуживание навигационных знаков и маяков Ладожского озера", "river", "33.14.19.000", "Услуги по ремонту прочего электрического оборудования", "10", 4_250_000, -2, 9, true, "до 30 ноября будущего года"},
	{"00003", "Разработка программного обеспечения диспетчерской пассажирского порта", "city", "62.01.11.000", "Услуги по проектированию и разработке программного обеспечения", "47", 7_900_000, -5, 6, false, "120 дней"},
	{"00004", "Лоцманская проводка судов в период летней навигации", "port", "52.22.13.110", "Услуги лоцманские на водном транспорте", "78", 12_000_000, -1, 20, false, "навигация будущего года"},
	{"00005", "Поставка приборов для гидрографических изысканий", "navy", "26.51.12.190", "Приборы гидрографические", "51", 3_100_000, -4, 1, true, "45 дней"},
	{"00006", "Ремонт причальных светосигнальных устройств", "city", "33.14.11.000", "Услуги по ремонту электродвигателей и трансформаторов", "47", 1_480_000, -8, 4, true, "60 дней"},
	{"00007", "Обследование подводной части причалов № 4–7", "port", "71.12.35.120", "Услуги в области гидрографии", "78", 2_650_000, -30, -9, false, "30 дней"},
	{"00008", "Услуги связи для судов обеспечения", "navy", "61.20.11.000", "Услуги подвижной связи", "51", 980_000, -45, -25, false, "один год"},
}

// tenderNumber is the whole number of an announcement.
func tenderNumber(last string) string { return "01731000990026" + last }

func (s shownTender) tender(now time.Time) bodies.Tender {
	day := func(days int) storage.Time {
		return storage.Of(time.Date(now.Year(), now.Month(), now.Day(), 6, 0, 0, 0, time.UTC).AddDate(0, 0, days))
	}
	t := bodies.Tender{
		Number: tenderNumber(s.number), Revision: 1, State: tender.Open, Object: s.object, Method: bodies.Code{Code: "ЭА20", Name: "Электронный аукцион"},
		Customer: customers[s.customer], Sectors: []bodies.Code{{Code: s.sector, Name: s.sectorName}}, Region: s.region, Kopecks: s.rubles * 100,
		PublishedAt: day(s.published), DeadlineAt: day(s.until), ReviewOn: bodies.Date(now.AddDate(0, 0, s.until+3).Format(time.DateOnly)),
		ApplicationSecurity: s.rubles, ContractSecurity: s.rubles * 10, SmallOnly: s.small, Term: s.term, Place: "По месту нахождения заказчика",
		Requirements: []string{"Единые требования части 1 статьи 31 Закона № 44-ФЗ", "Отсутствие сведений в реестре недобросовестных поставщиков"},
	}
	if s.until < -20 {
		t.State = tender.Completed
		t.Protocols = []bodies.Protocol{{Number: "ИЭА1", Kind: "Протокол подведения итогов", At: day(s.until + 4), Text: "Победитель определён, контракт заключается в течение десяти дней."}}
	} else if s.until < 0 {
		t.State = tender.Review
	}
	return t
}

// shownPart is an earlier participation of Северный Маяк.
type shownPart struct {
	number, object, customer, sector, region string
	rubles, offer                            int64
	place                                    int64
	outcome                                  string
	days                                     int // since the decision
	comment                                  string
}

var shownParts = []shownPart{
	{"90001", "Лоцманская проводка судов в период осенней навигации", "port", "52.22.13.110", "78", 9_800_000, 9_100_000, 1, "won", -24, "Работы выполнены в срок, претензий нет. Готовы сотрудничать снова."},
	{"90002", "Поверка навигационных приборов", "navy", "26.51.12.190", "51", 1_200_000, 1_150_000, 2, "lost", -61, "Предложение на второе место: разница в цене 1,5 %."},
	{"90003", "Ремонт маяка Осиновецкий", "river", "33.14.19.000", "47", 6_400_000, 5_900_000, 1, "won", -118, "Качество ремонта высокое, документы сданы без замечаний."},
	{"90004", "Разработка сайта пассажирского порта", "city", "62.01.11.000", "47", 900_000, 640_000, 3, "lost", -150, ""},
	{"90005", "Обследование фарватера", "port", "71.12.35.120", "78", 3_300_000, 3_200_000, 0, "rejected", -197, "Не приложена лицензия на геодезические работы."},
	{"90006", "Обслуживание створных знаков", "river", "33.14.19.000", "10", 2_100_000, 1_980_000, 1, "won", -242, "Спасибо за оперативность."},
	{"90007", "Поставка запасных частей к радиолокаторам", "port", "26.51.20.121", "47", 4_700_000, 4_650_000, 2, "lost", -301, ""},
}

func (s shownPart) participation(now time.Time) bodies.Participation {
	decided := now.AddDate(0, 0, s.days)
	return bodies.Participation{
		Number: "ЕИС-" + s.number, Tender: tenderNumber(s.number), Object: s.object, Customer: customers[s.customer], Sector: s.sector, Region: s.region,
		Kopecks: s.rubles * 100, Offer: s.offer * 100, Place: s.place, Outcome: s.outcome, Comment: s.comment,
		SubmittedAt: storage.Of(decided.AddDate(0, 0, -14)), DecidedAt: storage.Of(decided),
	}
}

// TenderRules are how the demo's register answers otherwise than that everything is
// won: one tender is lost, one stays with the commission.
func TenderRules() []sandbox.Rule {
	return []sandbox.Rule{
		sandbox.TenderRule(tenderNumber("00003"), "lost", 2, "Победил участник с более низкой ценой."),
		sandbox.TenderRule(tenderNumber("00004"), "", 0, ""),
	}
}

// Procure fills the sandbox's register of procurements, once.
func (d *Demo) Procure(ctx context.Context, box *sandbox.Sandbox) error {
	if box.HasTenders() {
		return nil
	}
	now := d.deps.Now()
	for _, s := range shownTenders {
		terms := bodies.File{Name: "Техническое задание.txt", Content: []byte("Техническое задание\n\nОбъект закупки: " + s.object + ".\nСрок: " + s.term + ".\n")}
		draft := bodies.File{Name: "Проект контракта.txt", Content: []byte("Проект контракта\n\n1. Предмет: " + s.object + ".\n2. Цена: по итогам закупки.\n")}
		if err := box.AddTender(s.tender(now), terms, draft); err != nil {
			return fmt.Errorf("fill the demo's register of tenders: %w", err)
		}
	}
	for _, key := range []string{"mayak", "verfi"} {
		o, err := d.deps.Directory.Organisation(ctx, d.organisationID(key))
		if err != nil {
			return fmt.Errorf("fill the demo's participants: %w", err)
		}
		if err := box.AddParticipant(bodies.Participant{INN: o.INN, Number: "26" + o.OGRN[5:11], ValidUntil: storage.Of(now.AddDate(2, 3, 0))}); err != nil {
			return fmt.Errorf("fill the demo's participants: %w", err)
		}
		if key != "mayak" {
			continue
		}
		for _, part := range shownParts {
			if err := box.AddParticipation(o.INN, part.participation(now)); err != nil {
				return fmt.Errorf("fill the demo's participations: %w", err)
			}
		}
	}
	return nil
}

// FillTenders saves a search for Северный Маяк and has the register asked for what it
// knows of the demo's organisations; the jobs do that once the demo runs.
func (d *Demo) FillTenders(ctx context.Context, tenders *tender.Tenders) error {
	of := d.organisationID("mayak")
	kept, err := tenders.Searches(ctx, of)
	if err != nil {
		return err
	}
	if len(kept) == 0 {
		for name, f := range map[string]tender.Filter{"Навигация и маяки": {Words: "навигац"}, "Ремонт в Ленинградской области": {Sector: "33.14", Region: "47"}} {
			if _, err := tenders.SaveSearch(ctx, directory.System(), of, name, f, true); err != nil {
				return fmt.Errorf("fill the demo's tenders: %w", err)
			}
		}
	}
	for _, key := range []string{"mayak", "verfi"} {
		o, err := d.deps.Directory.Organisation(ctx, d.organisationID(key))
		if err == nil {
			err = tenders.Ask(ctx, o)
		}
		if err != nil {
			return fmt.Errorf("fill the demo's tenders: %w", err)
		}
	}
	return nil
}
