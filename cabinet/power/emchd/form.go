package emchd

import (
	"strings"

	"propusk/idp/directory"
)

// Form is what a machine-readable power of attorney says.
type Form struct {
	FileID         string // ИдФайл: the file's name without extension
	Number         string // НомДовер: GUID, lower case
	InternalNumber string // ВнНомДовер: the principal's own
	Irrevocable    bool   // ВидДовер 2
	Delegation     int    // ПрПередов: 0 none, 1 once, 2 further
	IssuedOn       string // 2006-01-02
	Until          string // 2006-01-02, the last day
	// Handed on (Передов): the first power, and the one that is handed on.
	First, Parent string // GUID; "" in a power that the principal gives
	Giver         *Party // who hands it on; nil where the principal gives
	MoreGivers    bool   // others hand it on beside the Giver

	Principals      []Party
	Representatives []Party
	Joint           bool // ПрСовмПолн 2: the representatives act together only
	Powers          []Power
	Text            string // ТекстПолн: powers in words
	Limits          []Limit
	PartLimits      bool     // a limit narrows one of several powers only
	Offices         []string // КодНОДейст: the tax offices before which it holds; none = all
	Notary          bool     // СвНотУд is there
}

// The kinds of a Party.
const (
	KindOrganisation = "organisation"
	KindSole         = "sole"
	KindPerson       = "person"
	KindForeign      = "foreign"
)

// Party is a principal, a giver or a representative.
type Party struct {
	Kind           string
	Name           string // of an organisation or a sole proprietor
	INN, KPP, OGRN string // OGRN is ОГРНИП of a sole proprietor
	SNILS          string // eleven digits
	LastName       string
	FirstName      string
	MiddleName     string
	BirthDate      string
	Position       string
	Heads          []Party // of an organisation: who acts for it without a power
	HeadsJoint     bool    // ПолнЮЛ 2: some of them act with others only
}

// Power is one machine-readable power.
type Power struct{ Code, Name string }

// Limit is one limit, of the form's own codes.
type Limit struct {
	Code   string
	Values []string
}

// read makes a Form of a tree whose structure is right.
func read(root *node) *Form {
	f := &Form{FileID: root.get("ИдФайл")}
	document := root.child("Документ")
	body := document.child("Довер")
	about := body.child("СвДов")
	if body == nil {
		body = document.child("Передов")
		about = body.child("СвПереДовер")
		f.handedOn(body)
	} else {
		f.Principals = parties(body.all("СвДоверит"), "Доверит")
		f.Representatives = parties(body.all("СвУпПред"), "Пред")
	}
	f.about(about)
	f.powers(body.child("СвПолн"))
	f.Notary = body.child("СвНотУд") != nil
	return f
}

func (f *Form) about(n *node) {
	f.Number = strings.ToLower(n.get("НомДовер"))
	f.InternalNumber = n.get("ВнНомДовер")
	f.Irrevocable = n.get("ВидДовер") == "2"
	f.Delegation = map[string]int{"1": 0, "2": 1, "3": directory.MaxDelegation}[n.get("ПрПередов")]
	f.IssuedOn, f.Until = n.get("ДатаВыдДовер"), n.get("СрокДейст")
	for _, office := range n.all("КодНОДейст") {
		f.Offices = append(f.Offices, strings.TrimSpace(office.text))
	}
}

func (f *Form) handedOn(body *node) {
	first := body.child("СвПервДовер")
	f.First = strings.ToLower(first.get("НомДовер"))
	f.Parent = f.First
	if between := body.child("СвПередов"); between != nil {
		f.Parent = strings.ToLower(between.get("НомДовер"))
	}
	f.Principals = parties(first.all("СвДоверит"), "Доверит")
	if givers := parties(body.all("СвПередПолн"), "ПередПолн"); len(givers) > 0 {
		f.Giver, f.MoreGivers = &givers[0], len(givers) > 1
	}
	f.Representatives = parties(body.all("СвПолучПолн"), "Пред")
}

func parties(nodes []*node, child string) (list []Party) {
	for _, n := range nodes {
		if within := n.child(child); len(within.children) > 0 {
			list = append(list, party(within.children[0]))
		}
	}
	return list
}

func party(n *node) Party {
	switch n.name {
	case "РосОргДовер":
		p := russianOrganisation(n.child("СвРосОрг"))
		for _, head := range n.all("ЛицоБезДов") {
			p.Heads = append(p.Heads, person(head.child("СвФЛ")))
			p.HeadsJoint = p.HeadsJoint || head.get("ПолнЮЛ") == "2"
		}
		return p
	case "СведОрг":
		return russianOrganisation(n)
	case "ИПДовер", "СведИП":
		p := person(n)
		p.Kind, p.Name, p.OGRN = KindSole, n.get("НаимИП"), n.get("ОГРНИП")
		return p
	case "СведФизЛ", "ФЛДовер":
		return person(n)
	default:
		return Party{Kind: KindForeign}
	}
}

func russianOrganisation(n *node) Party {
	return Party{Kind: KindOrganisation, Name: n.get("НаимОрг"), INN: n.get("ИННЮЛ"), KPP: n.get("КПП"), OGRN: n.get("ОГРН")}
}

func person(n *node) Party {
	about := n.child("СведФЛ")
	name := about.child("ФИО")
	number, _ := directory.NormaliseSNILS(n.get("СНИЛС"))
	return Party{
		Kind: KindPerson, INN: n.get("ИННФЛ"), SNILS: number, Position: n.get("Должность"), BirthDate: about.get("ДатаРожд"),
		LastName: name.get("Фамилия"), FirstName: name.get("Имя"), MiddleName: name.get("Отчество"),
	}
}

func (f *Form) powers(n *node) {
	f.Joint = n.get("ПрСовмПолн") == "2"
	if text := n.child("ТекстПолн"); text != nil {
		f.Text = strings.TrimSpace(text.text)
	}
	limits := n.all("ОгрСвПолн")
	single := n.all("МашПолн")
	for _, p := range single {
		f.Powers = append(f.Powers, Power{p.get("КодПолн"), p.get("НаимПолн")})
		own := p.all("ОгрСвПолн")
		limits = append(limits, own...)
		f.PartLimits = f.PartLimits || len(own) > 0 && len(single) > 1
	}
	for _, l := range limits {
		limit := Limit{Code: l.get("КодОгр")}
		for _, name := range []string{"КодЗначОгр", "ТексЗначОгр"} {
			for _, value := range l.all(name) {
				limit.Values = append(limit.Values, strings.TrimSpace(value.text))
			}
		}
		f.Limits = append(f.Limits, limit)
	}
}
