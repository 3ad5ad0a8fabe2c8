package organisation

import (
	"errors"
	"net/http"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// paperLimit bounds a form with a document and its signature, in bytes: the API takes
// 10 MB and says so.
const paperLimit = 12 << 20

// paperKinds are the papers that a registration may bring, in the order in which most
// people hold them (row 115).
var paperKinds = []string{
	"charter", "ogrn_certificate", "inn_certificate", "decision", "power_of_attorney", "registry_extract", "bank_account", "certificate", "other",
}

// paper is a file that the API keeps with a registration or a change.
type paper struct {
	ID     string `json:"id"`
	Kind   string `json:"kind"` // of a registration's
	Name   string `json:"name"`
	Size   int64  `json:"size"`   // bytes
	Signed bool   `json:"signed"` // of a registration's
}

// held draws the papers of a thing whose page stands at a path; those that may still be
// taken away have a button for it.
func held(v *desk.Visit, at string, papers []paper, drop bool) []pages.Held {
	list := make([]pages.Held, len(papers))
	for i, one := range papers {
		own := at + desk.Escape(one.ID)
		list[i] = pages.Held{
			Icon: "file", Title: one.Name,
			Facts: []pages.Fact{{Text: pages.Size(v.Lang(), one.Size)}},
			Acts:  []pages.Act{{Title: "company.paper.get", URL: own, About: one.Name}},
		}
		if one.Kind != "" {
			list[i].Facts = append([]pages.Fact{{Text: "company.paper." + one.Kind}}, list[i].Facts...)
		}
		if one.Signed {
			list[i].Tags = []pages.Tag{{Kind: "go", Text: "company.paper.signed"}}
		}
		if drop {
			list[i].Acts = append(list[i].Acts, pages.Act{
				Title: "company.paper.drop", URL: own + "/drop", Post: true, Stop: true, Ask: "company.paper.drop.ask", About: one.Name,
			})
		}
	}
	return list
}

// parts are the files of a form, of which the one named "file" must be there, with
// other members before them. The caller calls end when they have been sent.
func parts(v *desk.Visit, before ...desk.Part) (all []desk.Part, end func(), err error) {
	var open []func() error
	end = func() {
		for _, one := range open {
			_ = one()
		}
	}
	all = before
	for _, name := range []string{"file", "signature"} {
		opened, header, err := v.File(name)
		if errors.Is(err, desk.ErrNoFile) && name == "signature" {
			break
		}
		if err != nil {
			return nil, end, err
		}
		open = append(open, opened.Close)
		all = append(all, desk.FilePart(name, opened, header))
	}
	return all, end, nil
}

// registrationAt is where the page of the registration stands.
func registrationAt(v *desk.Visit) string {
	return "/cabinet/registrations/" + desk.Escape(v.PathValue("id"))
}

// addPaper keeps one document with the registration.
func addPaper(v *desk.Visit) error {
	all, end, err := parts(v, desk.Part{Name: "kind", Value: v.Value("kind")})
	defer end()
	if errors.Is(err, desk.ErrNoFile) {
		return registrationPage(v, http.StatusUnprocessableEntity, nil, "", "", pages.FieldError{Field: "file", Key: "company.paper.none"})
	}
	if err != nil {
		return err
	}
	err = v.Upload(registrationPath(v)+"/documents", all, nil, desk.IdempotencyKey(v.FormKey()))
	return acting(v, err, "company.done.paper")
}

func getPaper(v *desk.Visit) error {
	return v.Download(registrationPath(v)+"/documents/"+desk.Escape(v.PathValue("document")), nil)
}

func dropPaper(v *desk.Visit) error {
	err := v.Delete(registrationPath(v)+"/documents/"+desk.Escape(v.PathValue("document")), nil, nil)
	return acting(v, err, "company.done.paper.dropped")
}

// submitRegistration lets operators decide, where neither register, signature nor
// power of attorney shows why the applicant may open the cabinet.
func submitRegistration(v *desk.Visit) error {
	return acting(v, v.Post(registrationPath(v)+"/moderation", nil, nil), "company.done.submitted")
}

func withdrawRegistration(v *desk.Visit) error {
	if err := v.Delete(registrationPath(v), nil, nil); err != nil {
		return acting(v, err, "")
	}
	return v.Done("/cabinet/registrations", "company.done.withdrawn")
}
