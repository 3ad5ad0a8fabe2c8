package egrul

import (
	"cmp"
	"strings"

	"propusk/cabinet/authority"
)

// place reads an address in the classifier's form (АдресРФ) or in that of the
// address register (…ФИАС). n is the element around it.
func (r *reading) place(n *node) authority.Address {
	if n == nil {
		return authority.Address{}
	}
	for _, name := range []string{"АдресРФ", "АдрМНРФ"} {
		if at := n.one(name); at != nil {
			return r.classified(at)
		}
	}
	for _, name := range []string{"СвАдрЮЛФИАС", "АдрМНФИАС"} {
		if at := n.one(name); at != nil {
			return r.registered(at)
		}
	}
	return authority.Address{}
}

// classified reads АдресРФ.
func (r *reading) classified(n *node) authority.Address {
	part := func(element string) string {
		kid := n.one(element)
		return strings.TrimSpace(kid.attr("Тип"+element) + " " + kid.attr("Наим"+element))
	}
	return written(authority.Address{
		PostalCode: r.number(n, "Индекс", "a postal code of six digits", postalForm.MatchString),
		RegionCode: r.number(n, "КодРегион", "the code of a region (two digits)", regionForm.MatchString),
		Region:     part("Регион"), District: part("Район"), City: part("Город"), Settlement: part("НаселПункт"), Street: part("Улица"),
		House: n.attr("Дом"), Building: n.attr("Корпус"), Flat: n.attr("Кварт"), Stamp: r.stamp(n),
	})
}

// registered reads an address of the state address register.
func (r *reading) registered(n *node) authority.Address {
	typed := func(kid *node) string {
		return strings.TrimSpace(cmp.Or(kid.attr("Тип"), kid.attr("Вид")) + " " + cmp.Or(kid.attr("Наим"), kid.attr("Номер")))
	}
	region := n.one("НаимРегион")
	a := authority.Address{
		PostalCode: r.number(n, "Индекс", "a postal code of six digits", postalForm.MatchString),
		District:   typed(n.one("МуниципРайон")), Settlement: typed(n.one("НаселенПункт")), Street: typed(n.one("ЭлУлДорСети")),
		House: typed(n.one("Здание")), Flat: typed(n.one("ПомещЗдания")), Stamp: r.stamp(n),
	}
	if region != nil {
		a.Region = region.text
	}
	if code := n.one("Регион"); code != nil {
		a.RegionCode = code.text
	}
	return written(a)
}

// written adds the address in one line.
func written(a authority.Address) authority.Address {
	var parts []string
	for _, part := range []string{a.PostalCode, a.Region, a.District, a.City, a.Settlement, a.Street, a.House, a.Building, a.Flat} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	a.Text = strings.Join(parts, ", ")
	return a
}
