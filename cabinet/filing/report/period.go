package report

import (
	"strconv"
	"time"
)

// Period is what a report is about, by the code that the Federal Tax Service
// gives it (приложения к порядкам заполнения).
type Period struct {
	Code  string
	Name  Saying
	First time.Month // of the year
	Last  time.Month // the period ends with this month
	// Ending marks the last period of an organisation that is wound up. It may be
	// filed before the months are over.
	Ending bool
}

// End is the first day after the period in that year.
func (p Period) End(year int) Date { return DateOf(year, p.Last+1, 1) }

func quarter(code string, n int) Period {
	last := time.Month(3 * n)
	return Period{Code: code, First: last - 2, Last: last, Name: Saying{
		[]string{"I", "II", "III", "IV"}[n-1] + " квартал", "quarter " + strconv.Itoa(n),
	}}
}

// growing periods all begin with the year.
func growing(code string, last time.Month, ru, en string) Period {
	return Period{Code: code, First: time.January, Last: last, Name: Saying{ru, en}}
}

func ending(p Period, code string) Period {
	p.Code, p.Ending = code, true
	p.Name = Saying{p.Name.RU + " (ликвидация)", p.Name.EN + " (winding up)"}
	return p
}

var (
	year  = growing("34", time.December, "год", "year")
	half  = growing("31", time.June, "полугодие", "half-year")
	nine  = growing("33", time.September, "девять месяцев", "nine months")
	first = quarter("21", 1)

	// quarters are of taxes whose period is the quarter (НДС).
	quarters = []Period{
		quarter("21", 1), quarter("22", 2), quarter("23", 3), quarter("24", 4),
		ending(quarter("", 1), "51"), ending(quarter("", 2), "54"), ending(quarter("", 3), "55"), ending(quarter("", 4), "56"),
	}
	// growths are of reports that grow through the year (налог на прибыль, 6-НДФЛ, РСВ).
	growths      = []Period{first, half, nine, year, ending(first, "51"), ending(half, "52"), ending(nine, "53"), ending(year, "90")}
	profitGrowth = []Period{first, half, nine, year, ending(year, "50")}
	years        = []Period{year, ending(year, "50")}
	// statements are of the yearly bookkeeping statement.
	statements = []Period{year, ending(year, "90")}
	months     = monthly()
)

// monthly are the codes of single months, 01 to 12.
func monthly() []Period {
	names := [...]Saying{
		{"январь", "January"}, {"февраль", "February"}, {"март", "March"}, {"апрель", "April"},
		{"май", "May"}, {"июнь", "June"}, {"июль", "July"}, {"август", "August"},
		{"сентябрь", "September"}, {"октябрь", "October"}, {"ноябрь", "November"}, {"декабрь", "December"},
	}
	list := make([]Period, len(names))
	for i, name := range names {
		month := time.Month(i + 1)
		list[i] = Period{Code: twoDigits(i + 1), Name: name, First: month, Last: month}
	}
	return list
}

func twoDigits(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}
