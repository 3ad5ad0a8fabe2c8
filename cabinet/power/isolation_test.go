package power_test

import (
	"net/http"
	"strings"
	"testing"

	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/power/emchd"
	"propusk/cabinet/power/powertest"
	"propusk/idp/directory"
	"propusk/signature"
)

// shelf makes powers of any office, signed by a certificate of its own.
type shelf struct {
	*world
	gamma *cabinettest.Office // gives powers to offices
	kept  map[string]string   // by kind and office: a power that nothing ends
}

// fresh is a new power of the office, signed.
func (s *shelf) fresh(o *cabinettest.Office, to emchd.Party) string {
	s.T.Helper()
	company := s.Authority.Issue(s.T, signature.Subject{LastName: "А", GivenNames: "Б", Organisation: o.Name, INNLE: o.INN, OGRN: o.OGRN})
	xml := emchd.Write(s.form(func(f *emchd.Form) {
		p := &f.Principals[0]
		p.Name, p.INN, p.KPP, p.OGRN = o.Name, o.INN, o.KPP, o.OGRN
		f.Representatives, f.Delegation = []emchd.Party{to}, 1
	}))
	body, kind := multi(s.T, part{"file", "", nil}, part{"file", fileName(xml), xml}, part{"signature", "a.sig", company.Sign(s.T, xml)})
	reply := s.Do("POST", powers, s.QualifiedToken(o, directory.Administrator), body, "Content-Type", kind)
	return s.read(s.Expect(reply, http.StatusCreated, "")).ID
}

func fileName(xml []byte) string {
	form, _ := emchd.Parse(xml)
	return form.FileID + ".xml"
}

func (s *shelf) keep(kind string, o *cabinettest.Office, make func() string) string {
	key := kind + o.ID
	if s.kept[key] == "" {
		s.kept[key] = make()
	}
	return s.kept[key]
}

func (s *shelf) bookkeepers(o *cabinettest.Office) string {
	return s.keep("granted", o, func() string { return s.fresh(o, powertest.Bookkeeper) })
}

// ours is a power of gamma to the office.
func (s *shelf) ours(o *cabinettest.Office) string {
	return s.fresh(s.gamma, emchd.Party{Kind: emchd.KindOrganisation, Name: o.Name, INN: o.INN, KPP: o.KPP, OGRN: o.OGRN})
}

func (s *shelf) draft(o *cabinettest.Office) (id string, xml []byte) {
	token := s.QualifiedToken(o, directory.Administrator)
	id = s.read(s.Expect(s.Do("POST", powers, token, s.typed()), http.StatusCreated, "")).ID
	return id, []byte(s.Do("GET", powers+"/"+id+"/file", token, nil).Text)
}

func (s *shelf) typed() map[string]any {
	return map[string]any{
		"representative": map[string]any{"last_name": "Счетова", "first_name": "Анна", "snils": "08765430300"},
		"head":           map[string]any{"last_name": "Южный", "first_name": "Олег", "snils": headSNILS},
		"powers":         []string{"2_FNS02"}, "limits": map[string]any{"reports": []string{"NO_NDS"}}, "until": s.day(10),
	}
}

// aim makes a request that would succeed on the office.
func (s *shelf) aim(route api.Route, o *cabinettest.Office) (path string, body any, headers []string) {
	at := func(id string) string { return strings.Replace(route.Path, "{id}", id, 1) }
	switch route.Method + " " + route.Path {
	case "GET /v1/powers", "GET " + powers, "GET /v1/me/powers":
		return route.Path, nil, nil
	case "POST " + powers:
		return route.Path, cabinettest.But(s.typed(), map[string]any{"replaces_id": s.bookkeepers(o)}), nil
	case "POST " + powers + "/validate":
		content, kind := multi(s.T, part{"file", "form.xml", powertest.XML()})
		return route.Path, content, []string{"Content-Type", kind}
	case "POST " + powers + "/{id}/signature":
		id, xml := s.draft(o)
		company := s.Authority.Issue(s.T, signature.Subject{LastName: "А", GivenNames: "Б", Organisation: o.Name, INNLE: o.INN, OGRN: o.OGRN})
		return at(id), map[string]any{"signature": company.Sign(s.T, xml)}, nil
	case "POST " + powers + "/{id}/check":
		return at(s.bookkeepers(o)), map[string]any{"permission": "filings:read"}, nil
	case "POST " + powers + "/{id}/revoke":
		return at(s.fresh(o, powertest.Bookkeeper)), map[string]any{}, nil
	case "POST " + powers + "/{id}/renounce":
		return at(s.ours(o)), map[string]any{}, nil
	case "POST " + powers + "/{id}/delegate":
		return at(s.keep("given", o, func() string { return s.ours(o) })), s.typed(), nil
	case "PUT " + powers + "/{id}/performers":
		member := o.Members[directory.Observer].Member.ID
		return at(s.keep("given", o, func() string { return s.ours(o) })), map[string]any{"members": []string{member}}, nil
	case "POST /v1/me/powers/{id}/renounce":
		return at(s.bookkeepers(o)), map[string]any{}, nil
	case "POST /v1/me/powers/{id}/delegate":
		return at(s.bookkeepers(o)), s.typed(), nil
	case "POST /v1/me/powers/{id}/signature":
		return at(s.bookkeepers(o)), map[string]any{"signature": []byte("x")}, nil
	default:
		return at(s.bookkeepers(o)), nil, nil
	}
}

func TestPowersAreIsolated(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := &shelf{world: w, gamma: w.Office("Gamma"), kept: map[string]string{}}
		exceptions := map[string]string{}
		for _, route := range w.routes.Routes {
			if strings.HasPrefix(route.Path, "/v1/me/powers/") {
				exceptions[route.Method+" "+route.Path] = "the person to whom the power is given, whatever his role"
			}
		}
		cabinettest.Isolation(t, w.World, w.routes, s.aim, exceptions)
	})
}
