package web

import (
	"net/http"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// The fields that can be shown whole, one at a time.
var revealed = []string{"name", "number", "email", "phone", "snils", "inn"}

// aboutPerson says whom an act is about, by the card that is open.
func aboutPerson(v *desk.Visit) ([]pages.Pair, error) {
	var p person
	if err := v.Get(at("/people", v.PathValue("id")), nil, &p); err != nil {
		return nil, err
	}
	return []pages.Pair{pair("console.people.who", p.Name), pair("console.people.number", p.Number)}, nil
}

func revealFields(v *desk.Visit) []field {
	choice := field{Kind: "select", Name: "field", Label: "console.person.reveal.field"}
	for _, name := range revealed {
		choice.Options = append(choice.Options, pages.Option{Value: name, Label: named(v, "reveal", name)})
	}
	return []field{choice}
}

// revealField shows one field on the answer's own page. It is kept nowhere, so there
// is no page to go on to, and no key by which a repeat would get a kept answer.
func revealField(v *desk.Visit) error {
	in := reasoned(v)
	in["field"] = v.Value("field")
	var answer struct {
		Field string `json:"field"`
		Value string `json:"value"`
	}
	if err := v.Post(at("/people", v.PathValue("id"), "reveal"), in, &answer); err != nil {
		return reveal.wrong(v, err)
	}
	view, err := reveal.view(v)
	if err != nil {
		return lookFirst(v, err, personPage(v))
	}
	shown := pair(named(v, "reveal", answer.Field), answer.Value)
	view.Answer = &shown
	return v.Page(http.StatusOK, "console-deed.html", view.Name+".title", view)
}

func recoveryFields(*desk.Visit) []field {
	return []field{
		{Kind: "email", Name: "email", Label: "console.person.recover.email", Hint: "console.person.recover.email.hint", Optional: true, Most: 254},
		{Kind: "box", Name: "reset_factors", Label: "console.person.recover.reset", Hint: "console.person.recover.reset.hint"},
	}
}

// proposeRecovery asks for a recovery, which another operator approves.
func proposeRecovery(v *desk.Visit) error {
	return v.Post("/recoveries", map[string]any{
		"person_id": v.PathValue("id"), "reason": v.Value("reason"), "email": v.Value("email"), "reset_factors": v.Value("reset_factors") != "",
	}, nil, once(v))
}
