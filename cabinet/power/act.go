package power

import (
	"context"
	"fmt"
	"net/http"

	"propusk/cabinet/api"
	"propusk/cabinet/power/emchd"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage/file"
)

// sign answers POST /v1/powers-of-attorney/{id}/signature: the detached signature
// of a draft, by which it becomes active.
func (p *Powers) sign(c api.Call) error {
	w, err := p.find(c)
	if err != nil {
		return err
	}
	return p.signDraft(c, w)
}

func (p *Powers) signDraft(c api.Call, w directory.PowerOfAttorney) error {
	var body struct {
		Signature []byte `json:"signature"`
	}
	if err := api.ReadObjectUpTo(c, signature.MaxUpload*2, &body); err != nil {
		return err
	}
	if len(body.Signature) == 0 {
		return api.InvalidField("/signature", "required")
	}
	if w.StatusAt(p.time()) != directory.PowerDraft {
		return api.Refuse("power_over")
	}
	k, err := p.papersOf(c.Ctx(), w.ID)
	if err != nil {
		return err
	}
	_, content, err := p.read(c.Ctx(), k.OrganisationID, k.DocumentID)
	if err != nil {
		return api.FileRefusal(err)
	}
	by, err := p.signerOf(c.Ctx(), w, headsIn(content))
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	verdict, fault := p.judge(c.Ctx(), content, body.Signature, by)
	status, err := settled(fault, c.Lang())
	if err != nil {
		return err
	}
	k.Verdict.V = validationOf(verdict, fault)
	if w, err = p.signed(c, w, k, status, signature.Decode(body.Signature)); err != nil {
		return err
	}
	view, etag, err := p.detail(c, w)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, etag, view)
}

// headsIn are the people whom a stored form names as acting without a power.
func headsIn(xml []byte) []emchd.Party {
	form, _ := emchd.Parse(xml)
	if form == nil || form.First != "" || form.Principals[0].Kind == emchd.KindSole {
		return nil
	}
	return form.Principals[0].Heads
}

// signed keeps the signature and settles the draft.
func (p *Powers) signed(c api.Call, w directory.PowerOfAttorney, k papers, status directory.PowerStatus, cms []byte) (directory.PowerOfAttorney, error) {
	f, err := p.save(c.Ctx(), k.OrganisationID, signatureName(emchd.FileID(w.Number, w.FirstDay())), file.Signature, cms)
	if err != nil {
		return w, api.FileRefusal(err)
	}
	k.SignatureID = f.ID
	err = p.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		if err := p.keepPapers(ctx, k); err != nil {
			return err
		}
		if status == directory.PowerActive {
			w, err = p.activate(ctx, c.Actor(), w)
		} else {
			w, _, err = p.Directory.SettlePower(ctx, c.Actor(), w.OrganisationID, w.ID, status, "", &w.Version)
		}
		return err
	})
	return w, api.DirectoryRefusal(err)
}

// reason is why somebody ends a power; it is kept in the journal.
type reason struct {
	Reason string `json:"reason"`
}

func readReason(c api.Call) (string, error) {
	var body reason
	if err := api.ReadObject(c, &body); err != nil {
		return "", err
	}
	if len([]rune(body.Reason)) > 500 {
		return "", api.InvalidField("/reason", "too_long")
	}
	return body.Reason, nil
}

// revoke answers POST /v1/powers-of-attorney/{id}/revoke.
func (p *Powers) revoke(c api.Call) error {
	w, err := p.find(c)
	if err != nil {
		return err
	}
	return p.revoking(c, w)
}

// revoking takes a power back, at the version that the client has seen where it
// names one.
func (p *Powers) revoking(c api.Call, w directory.PowerOfAttorney) error {
	why, err := readReason(c)
	if err != nil {
		return err
	}
	k, err := p.papersOf(c.Ctx(), w.ID)
	if err != nil {
		return err
	}
	var version *int64
	if c.Conditional() {
		if err := api.CheckIfMatch(c, api.EntityTag(w.Version, k.UpdatedAt)); err != nil {
			return err
		}
		version = &w.Version
	}
	return p.ending(c, func(ctx context.Context) ([]directory.PowerOfAttorney, error) {
		return p.Directory.RevokePower(ctx, c.Actor(), w.OrganisationID, w.ID, why, version)
	})
}

// renounce answers POST /v1/powers-of-attorney/{id}/renounce, for the organisation
// that was given the power.
func (p *Powers) renounce(c api.Call) error {
	w, err := p.ofRepresentative(c)
	if err != nil {
		return err
	}
	return p.renounced(c, w.ID)
}

func (p *Powers) renounced(c api.Call, id string) error {
	why, err := readReason(c)
	if err != nil {
		return err
	}
	return p.ending(c, func(ctx context.Context) ([]directory.PowerOfAttorney, error) {
		return p.Directory.RenouncePower(ctx, c.Actor(), id, why)
	})
}

// ofRepresentative reads the power of the path, which must be given to the token's
// organisation.
func (p *Powers) ofRepresentative(c api.Call) (directory.PowerOfAttorney, error) {
	w, err := p.find(c)
	if err != nil {
		return w, err
	}
	ours, err := p.given(c, w)
	if err == nil && !ours {
		err = api.Refuse("power_not_representative")
	}
	return w, err
}

// ending ends powers in one transaction with the notices, and answers those that
// ended.
func (p *Powers) ending(c api.Call, end func(ctx context.Context) ([]directory.PowerOfAttorney, error)) error {
	var ended []directory.PowerOfAttorney
	err := p.DB.Tx(c.Ctx(), func(ctx context.Context) (err error) {
		if ended, err = end(ctx); err != nil {
			return err
		}
		return p.tellEnded(ctx, ended)
	})
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	views, err := p.views(c, ended)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", map[string]any{"ended": views})
}

// delegate answers POST /v1/powers-of-attorney/{id}/delegate: a draft that hands the
// power on, to be signed by the organisation that was given it.
func (p *Powers) delegate(c api.Call) error {
	w, err := p.ofRepresentative(c)
	if err != nil {
		return err
	}
	return p.draft(c, w.OrganisationID, w, "/v1/powers-of-attorney/")
}

// namePerformers answers PUT /v1/powers-of-attorney/{id}/performers.
func (p *Powers) namePerformers(c api.Call) error {
	w, err := p.ofRepresentative(c)
	if err != nil {
		return err
	}
	var body struct {
		Members []string `json:"members"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	if len(body.Members) > directory.MaxPerformers {
		return api.InvalidField("/members", "too_many")
	}
	people, err := p.people(c, body.Members)
	if err != nil {
		return err
	}
	if err := p.Directory.NamePerformers(c.Ctx(), c.Actor(), c.Organisation(), w.ID, people); err != nil {
		return api.DirectoryRefusal(err)
	}
	return p.one(c)
}

func (p *Powers) people(c api.Call, members []string) (people []string, err error) {
	var faults []api.FieldFault
	for i, id := range members {
		m, err := p.Directory.MemberByID(c.Ctx(), c.Organisation(), id)
		if err != nil {
			faults = append(faults, api.FieldFault{Pointer: fmt.Sprintf("/members/%d", i), Code: "power_member_unknown"})
			continue
		}
		people = append(people, m.Person.ID)
	}
	return people, api.Invalid(faults...)
}

// question is an act that a power might allow.
type question struct {
	Permission directory.Permission `json:"permission"`
	Kind       string               `json:"kind"`
	Amount     int64                `json:"amount"` // kopecks
}

type checkAnswer struct {
	Allowed bool     `json:"allowed"`
	Reason  string   `json:"reason,omitempty"`
	Detail  string   `json:"detail"`
	Allows  []string `json:"allows"`
}

// check answers POST /v1/powers-of-attorney/{id}/check: would this power allow it.
func (p *Powers) check(c api.Call) error {
	w, err := p.find(c)
	if err != nil {
		return err
	}
	var q question
	if err := api.ReadObject(c, &q); err != nil {
		return err
	}
	switch {
	case !q.Permission.Valid():
		return api.InvalidField("/permission", "invalid")
	case q.Amount < 0:
		return api.InvalidField("/amount", "out_of_range")
	case len(q.Kind) > 100:
		return api.InvalidField("/kind", "too_long")
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", p.answerTo(w, q, c.Lang()))
}

func (p *Powers) answerTo(w directory.PowerOfAttorney, q question, lang string) checkAnswer {
	answer := checkAnswer{Allows: allows(w, lang)}
	switch {
	case !w.LiveAt(p.time()):
		answer.Reason = "power_expired"
		answer.Detail = pair{"Доверенность не действует: " + statusLabels[w.StatusAt(p.time())].ru + ".",
			"The power is not in force: " + statusLabels[w.StatusAt(p.time())].en + "."}.in(lang)
	case !w.Allows(directory.Act{Permission: q.Permission, Kind: q.Kind, Amount: q.Amount}):
		answer.Reason = "power_exceeded"
		answer.Detail = pair{"Доверенность этого не позволяет: " + q.Permission.Label("ru") + ".",
			"The power does not allow this: " + q.Permission.Label("en") + "."}.in(lang)
	default:
		answer.Allowed = true
		answer.Detail = pair{"Доверенность это позволяет: " + q.Permission.Label("ru") + ".",
			"The power allows this: " + q.Permission.Label("en") + "."}.in(lang)
	}
	return answer
}
