package power

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"net/http"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// classifier answers GET /v1/powers.
func (p *Powers) classifier(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	lang := c.Lang()
	var list []codeView
	for _, entry := range directory.PowerCodes() {
		list = append(list, newCodeView(entry, lang))
	}
	api.Speaks(c, lang)
	return api.Answer(c, http.StatusOK, "", map[string]any{"powers": list})
}

// list answers GET /v1/powers-of-attorney: what the organisation gave, or was given.
func (p *Powers) list(c api.Call) error {
	q := c.Query("side", "status", "form", "q", "after", "limit")
	side := q.OneOf("side", "granted", "given")
	page := q.Page()
	filter := directory.PowerFilter{
		Status: directory.PowerStatus(q.OneOf("status", names(directory.PowerStatuses())...)),
		Form:   directory.PowerForm(q.OneOf("form", "notarial", "simple", "machine")),
		Query:  q.Search("q"), BeforeAt: page.At, BeforeID: page.ID, Limit: page.Limit,
	}
	if err := q.Err(); err != nil {
		return err
	}
	find := p.Directory.PowersGranted
	if side == "given" {
		find = p.Directory.PowersGiven
	}
	found, err := find(c.Ctx(), c.Organisation(), filter)
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	found, next := api.Cut(page, found, func(w directory.PowerOfAttorney) (storage.Time, string) { return w.CreatedAt, w.ID })
	views, err := p.views(c, found)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	answer := map[string]any{"powers_of_attorney": views}
	if next != "" {
		answer["next"] = next
	}
	return api.Answer(c, http.StatusOK, "", answer)
}

func names[T ~string](values []T) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return list
}

// views shows powers with their principals, each of whom is read once.
func (p *Powers) views(c api.Call, powers []directory.PowerOfAttorney) ([]powerView, error) {
	principals := map[string]directory.Organisation{}
	views := make([]powerView, len(powers))
	for i, w := range powers {
		o, known := principals[w.OrganisationID]
		if !known {
			var err error
			if o, err = p.Directory.Organisation(c.Ctx(), w.OrganisationID); err != nil {
				return nil, api.DirectoryRefusal(err)
			}
			principals[o.ID] = o
		}
		views[i] = newView(w, o, p.time(), c.Lang())
	}
	return views, nil
}

// find reads the power of the path that the token's organisation may see.
func (p *Powers) find(c api.Call) (directory.PowerOfAttorney, error) {
	id, err := c.ID()
	if err != nil {
		return directory.PowerOfAttorney{}, err
	}
	w, err := p.Directory.Power(c.Ctx(), c.Organisation(), id)
	return w, api.DirectoryRefusal(err)
}

// one answers GET /v1/powers-of-attorney/{id}.
func (p *Powers) one(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	w, err := p.find(c)
	if err != nil {
		return err
	}
	view, etag, err := p.detail(c, w)
	if err != nil {
		return err
	}
	if view.Actions, err = p.actions(c, w); err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, etag, view)
}

// created answers 201 for a power that was made.
func (p *Powers) created(c api.Call, w directory.PowerOfAttorney, at string) error {
	view, etag, err := p.detail(c, w)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Created(c, at+w.ID, etag, view)
}

// detail is the view of one power.
func (p *Powers) detail(c api.Call, w directory.PowerOfAttorney) (powerView, string, error) {
	o, err := p.Directory.Organisation(c.Ctx(), w.OrganisationID)
	if err != nil {
		return powerView{}, "", api.DirectoryRefusal(err)
	}
	k, err := p.papersOf(c.Ctx(), w.ID)
	if err != nil {
		return powerView{}, "", err
	}
	typed, err := p.unseal(k)
	if err != nil {
		return powerView{}, "", err
	}
	view := newView(w, o, p.time(), c.Lang())
	view.Validation, view.Requisites = newValidationView(k.Verdict.V, c.Lang()), typed.masked()
	hasFile, hasSign := k.DocumentID != "", k.SignatureID != ""
	view.HasFile, view.HasSign = &hasFile, &hasSign
	if c.Organisation() != "" && w.RepresentedBy == directory.RepresentsOrganisation {
		view.Performers, err = p.performers(c, w)
	}
	return view, api.EntityTag(w.Version, k.UpdatedAt), err
}

// performers are the member ids of those who act under a power, for the
// organisation that named them.
func (p *Powers) performers(c api.Call, w directory.PowerOfAttorney) ([]string, error) {
	if ours, err := p.given(c, w); err != nil || !ours {
		return nil, err
	}
	named, err := p.Directory.Performers(c.Ctx(), w.ID)
	if err != nil {
		return nil, err
	}
	list := []string{}
	for _, one := range named {
		m, err := p.Directory.Membership(c.Ctx(), one.PersonID, c.Organisation())
		if err == nil {
			list = append(list, m.Member.ID)
		}
	}
	return list, nil
}

// given reports whether the power was given to the token's organisation.
func (p *Powers) given(c api.Call, w directory.PowerOfAttorney) (bool, error) {
	o, err := p.Directory.Organisation(c.Ctx(), c.Organisation())
	if err != nil {
		return false, api.DirectoryRefusal(err)
	}
	return w.RepresentedBy == directory.RepresentsOrganisation && w.Representative.V.INN == o.INN, nil
}

// actions says what the caller may do with a power.
func (p *Powers) actions(c api.Call, w directory.PowerOfAttorney) ([]api.Action, error) {
	ours, err := p.given(c, w)
	if err != nil {
		return nil, err
	}
	act := func(name, acr, why string) api.Act {
		return api.Act{Name: name, Scope: "powers:write", Permission: directory.PowersWrite, ACR: acr, Why: why}
	}
	status := w.StatusAt(p.time())
	when := func(possible bool, why string) string {
		if possible {
			return ""
		}
		return why
	}
	live := when(status == directory.PowerActive, "power_over")
	if ours {
		return c.Actions(act("renounce", qualified, live), act("delegate", second, live), act("performers", second, live))
	}
	revocable := when(!status.Over(), "power_over")
	if revocable == "" && w.Irrevocable && status == directory.PowerActive {
		revocable = "power_irrevocable"
	}
	return c.Actions(
		act("sign", second, when(status == directory.PowerDraft, "power_over")),
		act("revoke", qualified, revocable),
		act("replace", second, when(!status.Over(), "power_over")),
	)
}

// document answers the XML of a form, or the scan of a paper.
func (p *Powers) document(c api.Call) error {
	w, err := p.find(c)
	if err != nil {
		return err
	}
	return p.serve(c, w, func(k papers) string { return k.DocumentID })
}

// detached answers the signature.
func (p *Powers) detached(c api.Call) error {
	w, err := p.find(c)
	if err != nil {
		return err
	}
	return p.serve(c, w, func(k papers) string { return k.SignatureID })
}

func (p *Powers) serve(c api.Call, w directory.PowerOfAttorney, which func(papers) string) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	k, err := p.papersOf(c.Ctx(), w.ID)
	if err != nil {
		return err
	}
	id := which(k)
	if id == "" {
		return api.Refuse("power_no_file")
	}
	f, r, err := p.Files.Open(c.Ctx(), k.OrganisationID, id)
	if err != nil {
		return api.FileRefusal(err)
	}
	defer func() { _ = r.Close() }() // it was only read
	return api.File(c, api.FileAnswer{Name: f.Name, MediaType: f.MediaType, SHA256: f.SHA256, Size: f.Size}, r)
}

// archive answers the document and its signature in one ZIP, as other programs
// take them.
func (p *Powers) archive(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	w, err := p.find(c)
	if err != nil {
		return err
	}
	k, err := p.papersOf(c.Ctx(), w.ID)
	if err != nil {
		return err
	}
	if k.DocumentID == "" {
		return api.Refuse("power_no_file")
	}
	content, err := p.zipped(c.Ctx(), k)
	if err != nil {
		return api.FileRefusal(err)
	}
	answer := api.FileAnswer{Name: "power-" + w.Number + ".zip", MediaType: "application/zip", Size: int64(len(content))}
	return api.File(c, answer, bytes.NewReader(content))
}

func (p *Powers) zipped(ctx context.Context, k papers) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, id := range []string{k.DocumentID, k.SignatureID} {
		if id == "" {
			continue
		}
		f, content, err := p.read(ctx, k.OrganisationID, id)
		if err != nil {
			return nil, err
		}
		entry, err := z.Create(f.Name)
		if err == nil {
			_, err = entry.Write(content)
		}
		if err != nil {
			return nil, fmt.Errorf("power: archive: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("power: archive: %w", err)
	}
	return b.Bytes(), nil
}

// validate answers POST /v1/powers-of-attorney/validate: what the check of a form
// would come to. Nothing is kept.
func (p *Powers) validate(c api.Call) error {
	u, err := readUpload(c)
	if err != nil {
		return err
	}
	o, err := p.Directory.Organisation(c.Ctx(), c.Organisation())
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	x, err := p.examine(c.Ctx(), o, u)
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", newValidationView(x.validation, c.Lang()))
}
