package web

import (
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

const keysPlace = Root + "/keys"

// signingKeys are the issuer's keys, without the keys themselves.
type signingKeys struct {
	Keys []struct {
		ID          string    `json:"kid"`
		Algorithm   string    `json:"alg"`
		Store       string    `json:"store"`
		Status      string    `json:"status"`
		CreatedAt   time.Time `json:"created_at"`
		ActivatesAt time.Time `json:"activates_at"`
		RetiresAt   time.Time `json:"retires_at"`
		GoneAt      time.Time `json:"gone_at"`
	} `json:"keys"`
	Algorithms []string `json:"algorithms"`
}

var rotateKey = deed{
	name: "keys.rotate", path: keysPlace + "/rotate", stop: true, more: algorithms,
	back: func(*desk.Visit) string { return keysPlace },
	do: func(v *desk.Visit) error {
		in := reasoned(v)
		in["alg"] = v.Value("alg")
		return v.Post("/keys/rotate", in, nil, once(v))
	},
}

func keyRoutes() []desk.Route {
	return append([]desk.Route{desk.Get(keysPlace, showKeys)}, rotateKey.routes()...)
}

// algorithms are those that there are keys of; without an answer none can be chosen,
// and the API says why.
func algorithms(v *desk.Visit) []field {
	choice := field{Kind: "select", Name: "alg", Label: "console.keys.alg"}
	var found signingKeys
	if err := v.Get("/keys", nil, &found); err == nil {
		for _, name := range found.Algorithms {
			choice.Options = append(choice.Options, pages.Option{Value: name, Label: name})
		}
	}
	return []field{choice}
}

func showKeys(v *desk.Visit) error {
	var found signingKeys
	if err := v.Get("/keys", nil, &found); err != nil {
		return err
	}
	t := table{
		None:  "console.keys.none",
		Heads: []string{"console.keys.kid", "console.keys.alg", "console.created", "console.keys.activates", "console.keys.retires", "console.keys.gone", "console.state"},
	}
	for _, one := range found.Keys {
		id := words(one.ID, named(v, "store", one.Store))
		id.Mono = true
		kind := map[string]string{"active": "go", "next": "info"}[one.Status]
		t.Rows = append(t.Rows, []cell{
			id, words(one.Algorithm), moment(one.CreatedAt), moment(one.ActivatesAt), moment(one.RetiresAt), moment(one.GoneAt), state(kind, named(v, "key", one.Status)),
		})
	}
	list := listView{Lead: "console.keys.lead", Acts: []pages.Act{{Title: "console.keys.rotate", URL: rotateKey.path}}, Tables: []table{t}}
	return list.show(v, "console.place.keys")
}
