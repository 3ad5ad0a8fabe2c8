package organisation

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"propusk/cabinet/api"
	"propusk/cabinet/organisation/pdf"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
	"propusk/storage/file"
)

// changeView is a change as the organisation sees it.
type changeView struct {
	ID           string               `json:"id"`
	Block        directory.BlockName  `json:"block"`
	State        string               `json:"state"`
	Before       json.RawMessage      `json:"before"`
	After        json.RawMessage      `json:"after"`
	Restores     int64                `json:"restores"` // version that is brought back, 0 for none
	Attachments  []attachment         `json:"attachments"`
	Differences  []difference         `json:"differences"` // from the register
	ConfirmedHow string               `json:"confirmed_how"`
	Authority    *directory.Authority `json:"authority"` // by which right it was confirmed
	Verdict      json.RawMessage      `json:"verdict"`   // of the signature, null without one
	Reason       string               `json:"reason"`
	AskedBy      string               `json:"asked_by"`
	AskedByName  string               `json:"asked_by_name"` // as the person is called today
	DecidedBy    string               `json:"decided_by"`    // organization, operators; "" while nobody has
	AskedAt      storage.Time         `json:"asked_at"`
	DecidedAt    storage.Time         `json:"decided_at"`
	ExpiresAt    storage.Time         `json:"expires_at"`
	TextToSign   string               `json:"text_to_sign"`
	Actions      []api.Action         `json:"actions"`
}

func (ch change) view() changeView {
	v := changeView{
		ID: ch.ID, Block: ch.Block, State: ch.State, Before: json.RawMessage(ch.Before), After: json.RawMessage(ch.After),
		Restores: ch.Restores, Attachments: api.List(ch.Attachments.V), Differences: api.List(ch.Differences.V),
		ConfirmedHow: ch.ConfirmedHow, Authority: ch.Authority.V, Verdict: json.RawMessage("null"), Reason: ch.Reason,
		AskedBy: ch.AskedBy, AskedAt: ch.AskedAt, DecidedAt: ch.DecidedAt, ExpiresAt: ch.ExpiresAt,
	}
	if ch.Verdict != "" {
		v.Verdict = json.RawMessage(ch.Verdict)
	}
	return v
}

func (o *Organisations) answerChange(c api.Call, status int, ch change) error {
	v := ch.view()
	made, err := o.Directory.Organisation(c.Ctx(), ch.OrganisationID)
	if err != nil {
		return err
	}
	if err := o.tellWho(c.Ctx(), &v, ch); err != nil {
		return err
	}
	if ch.State == changeProposed {
		v.TextToSign = ch.text(made.Name)
	}
	confirm := o.route("POST", "/v1/organization/changes/{id}/confirm")
	v.Actions, err = c.Actions(
		api.ActOf("confirm", confirm).Unless(ch.State == changeProposed, "profile_change_state"),
		api.ActOf("attach", o.route("POST", "/v1/organization/changes/{id}/attachments")).Unless(ch.State == changeProposed, "profile_change_state"),
		api.ActOf("cancel", o.route("DELETE", "/v1/organization/changes/{id}")).Unless(!changeStates.over(ch.State), "profile_change_state"),
	)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	if status == http.StatusCreated {
		return api.Created(c, "/v1/organization/changes/"+ch.ID, "", v)
	}
	return api.Answer(c, status, "", v)
}

// propose stores a change of a block and leaves it to be confirmed.
func (o *Organisations) propose(c api.Call, p directory.Profile, after directory.Block, restores int64) error {
	if err := api.Invalid(fieldFaults(directory.CheckBlock(p.Organisation.Kind, after), "")...); err != nil {
		return err
	}
	now := p.States[after.BlockName()]
	ch := change{
		ID: storage.NewID(), OrganisationID: p.Organisation.ID, Block: after.BlockName(), State: changeProposed, BaseVersion: now.Version,
		Before: directory.EncodeBlock(now.Block), After: directory.EncodeBlock(after), Restores: restores,
		Signature: []byte{}, AskedBy: c.Person(), AskedAt: o.time(), ExpiresAt: o.time().Add(changeLifetime),
	}
	if ch.Before == ch.After {
		return api.Refuse("profile_change_empty")
	}
	err := o.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		if err := o.insertChange(ctx, ch); err != nil {
			return err
		}
		return o.record(ctx, c.Actor(), ch.OrganisationID, "organisation.change_proposed", ch.ID,
			map[string]string{"block": string(ch.Block), "restores": fmt.Sprint(restores)})
	})
	if err != nil {
		return err
	}
	return o.answerChange(c, http.StatusCreated, ch)
}

// changes answers GET /v1/organization/changes.
func (o *Organisations) changes(c api.Call) error {
	q := c.Query("after", "limit")
	page := q.Page()
	if err := q.Err(); err != nil {
		return err
	}
	list, err := o.changesOf(c.Ctx(), c.Organisation(), page)
	if err != nil {
		return err
	}
	list, next := api.Cut(page, list, func(ch change) (storage.Time, string) { return ch.AskedAt, ch.ID })
	type line struct {
		ID        string              `json:"id"`
		Block     directory.BlockName `json:"block"`
		State     string              `json:"state"`
		AskedBy   string              `json:"asked_by"`
		AskedAt   storage.Time        `json:"asked_at"`
		DecidedAt storage.Time        `json:"decided_at"`
		Reason    string              `json:"reason"`
	}
	lines := make([]line, len(list))
	for i, ch := range list {
		lines[i] = line{ch.ID, ch.Block, ch.State, ch.AskedBy, ch.AskedAt, ch.DecidedAt, ch.Reason}
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{"changes": lines, "next": next})
}

// changeNamed is the change of the path, if it is the organisation's.
func (o *Organisations) changeNamed(c api.Call) (change, error) {
	id, err := c.ID()
	if err != nil {
		return change{}, err
	}
	return o.changeOf(c.Ctx(), c.Organisation(), id)
}

// waiting is a change that can still be confirmed.
func (o *Organisations) waiting(c api.Call) (change, error) {
	ch, err := o.changeNamed(c)
	if err == nil && (ch.State != changeProposed || ch.ExpiresAt <= o.time()) {
		err = notAtStep("profile_change_state", ch.State)
	}
	return ch, err
}

// showChange answers GET /v1/organization/changes/{id}.
func (o *Organisations) showChange(c api.Call) error {
	ch, err := o.changeNamed(c)
	if err != nil {
		return err
	}
	return o.answerChange(c, http.StatusOK, ch)
}

// sendChangeCode answers POST /v1/organization/changes/{id}/codes: a code goes to
// the person who asks, on a channel that he has proved to hold; where official
// contacts are moved, to the one that is left behind.
func (o *Organisations) sendChangeCode(c api.Call) error {
	ch, err := o.waiting(c)
	if err != nil {
		return err
	}
	var body struct {
		Channel string `json:"channel"`
		Lost    bool   `json:"lost"` // the official contacts are: the code is of the person's own
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	guarded, err := ch.lostFits(body.Lost)
	if err != nil {
		return err
	}
	var answer sent
	if guarded && !body.Lost {
		answer, err = o.sendOfficial(c.Ctx(), c.Person(), ch, body.Channel)
	} else {
		answer, err = o.sendOwn(c.Ctx(), c.Person(), ch.codeObject(body.Lost), body.Channel, purposeChange)
	}
	if err != nil {
		return err
	}
	return api.Answer(c, http.StatusAccepted, "", answer)
}

// sendOwn sends a code to a contact that the person has proved to hold.
func (o *Organisations) sendOwn(ctx context.Context, personID, object, channel string, purpose saying) (sent, error) {
	if personID == "" {
		return sent{}, api.Refuse("person_required")
	}
	p, err := o.Directory.Person(ctx, personID)
	if err != nil {
		return sent{}, err
	}
	to, proved := p.Phone, p.PhoneVerified
	switch channel {
	case "sms":
	case "email":
		to, proved = p.Email, p.EmailVerified
	default:
		return sent{}, api.InvalidField("/channel", "invalid")
	}
	if to == "" || !proved {
		return sent{}, api.Refuse("confirmation_contact_missing").With("channel", channel)
	}
	return o.codes.send(ctx, codeRequest{
		Object: object, PersonID: p.ID, Channel: channel, To: to, Lang: lang(p), Purpose: purpose,
	})
}

// confirmChange answers POST /v1/organization/changes/{id}/confirm with a code or
// with a qualified signature over text_to_sign (row 133, A23.10).
func (o *Organisations) confirmChange(c api.Call) error {
	ch, err := o.waiting(c)
	if err != nil {
		return err
	}
	var body struct {
		Code      string `json:"code"`
		Signature string `json:"signature"`
		Lost      bool   `json:"lost"` // the code went to the person's own contact
	}
	if err := api.ReadObjectUpTo(c, signatureLimit, &body); err != nil {
		return err
	}
	var by confirmation
	switch {
	case (body.Code == "") == (body.Signature == ""):
		return api.InvalidField("/code", "code_or_signature")
	case body.Code != "":
		by, err = o.byCode(c, ch, body.Code, body.Lost)
	default:
		by, err = o.bySignature(c, ch, signatureBody{body.Signature})
	}
	if err != nil {
		return err
	}
	if ch, err = o.apply(c.Ctx(), c.Actor(), ch, by); err != nil {
		return changeRefusal(err)
	}
	return o.answerChange(c, http.StatusOK, ch)
}

// changeRefusal tells the directory's refusals as faults of the block.
func changeRefusal(err error) error {
	if faults := fieldFaults(err, ""); faults != nil {
		return api.Refuse("validation_failed").About(faults...).Wrap(err)
	}
	return api.DirectoryRefusal(err)
}

func (o *Organisations) byCode(c api.Call, ch change, digits string, lost bool) (confirmation, error) {
	if _, err := ch.lostFits(lost); err != nil {
		return confirmation{}, err
	}
	if c.Person() == "" {
		return confirmation{}, api.Refuse("person_required")
	}
	if !isCode(digits) {
		return confirmation{}, api.InvalidField("/code", "format")
	}
	by := confirmation{how: directory.HowCode, digits: digits, object: ch.codeObject(lost), weak: lost, person: c.Person()}
	return by, o.codes.try(c.Ctx(), by.object, c.Person(), digits)
}

// bySignature takes the organisation's own certificate, or that of the person who
// acts; that of a person who is not the head does not move official contacts by
// itself.
func (o *Organisations) bySignature(c api.Call, ch change, body signatureBody) (confirmation, error) {
	der, err := body.decode()
	if err != nil {
		return confirmation{}, err
	}
	made, err := o.Directory.Organisation(c.Ctx(), ch.OrganisationID)
	if err != nil {
		return confirmation{}, err
	}
	verdict, err := o.judge(c, der, []byte(ch.text(made.Name)))
	if err != nil {
		return confirmation{}, err
	}
	by := confirmation{how: directory.HowSignature, signature: der, verdict: encodeVerdict(verdict), person: c.Person()}
	if made.Signs(*verdict.Subject) {
		return by, nil
	}
	by.weak, err = o.signedByPerson(c, ch, made, *verdict.Subject)
	return by, err
}

// signedByPerson judges a certificate that is not the organisation's: weak, where it
// is good as the person's who acts and too little for this change.
func (o *Organisations) signedByPerson(c api.Call, ch change, made directory.Organisation, s signature.Subject) (weak bool, err error) {
	if c.Person() == "" {
		return false, api.Refuse("organization_signature_other")
	}
	p, err := o.Directory.Person(c.Ctx(), c.Person())
	if err != nil {
		return false, err
	}
	if !p.Named(s) {
		return false, api.Refuse("organization_signature_person")
	}
	guarded, err := ch.guarded()
	if err != nil || !guarded {
		return false, err
	}
	head, err := o.signedByHead(c.Ctx(), made, p)
	return !head, err
}

// cancelChange answers DELETE /v1/organization/changes/{id}.
func (o *Organisations) cancelChange(c api.Call) error {
	ch, err := o.changeNamed(c)
	if err != nil {
		return err
	}
	from := ch.State
	ch.State, ch.DecidedAt = changeCancelled, o.time()
	err = o.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		if err := o.storeChange(ctx, ch, from); err != nil {
			return err
		}
		if err := o.dropModeration(ctx, "change", ch.ID); err != nil {
			return err
		}
		return o.record(ctx, c.Actor(), ch.OrganisationID, "organisation.change_cancelled", ch.ID, map[string]string{"block": string(ch.Block)})
	})
	if err != nil {
		return err
	}
	return api.NoContent(c)
}

// maxAttachments bounds the files of one change.
const maxAttachments = 10

// attach answers POST /v1/organization/changes/{id}/attachments: PDF, JPG or PNG of
// at most 5 MB (row 134).
func (o *Organisations) attach(c api.Call) error {
	ch, err := o.waiting(c)
	if err != nil {
		return err
	}
	if len(ch.Attachments.V) >= maxAttachments {
		return api.Refuse("organization_files_too_many")
	}
	u, err := readUpload(c, attachmentFile)
	if err != nil {
		return err
	}
	saved, err := o.save(c.Ctx(), ch.OrganisationID, u, file.PDF|file.JPEG|file.PNG, attachmentFile)
	if err != nil {
		return err
	}
	if strings.HasSuffix(saved.MediaType, "pdf") {
		if err := refusePDF(pdf.Check(u.content)); err != nil {
			return err
		}
	}
	a := attachment{ID: saved.ID, Name: saved.Name, MediaType: saved.MediaType, Size: saved.Size, SHA256: saved.SHA256}
	if err := o.keepAttachment(c, ch, a); err != nil {
		return err
	}
	return api.Created(c, "/v1/organization/changes/"+ch.ID+"/attachments/"+a.ID, "", a)
}

// keepAttachment adds to the list that was read: of two at once the second is
// told to try again.
func (o *Organisations) keepAttachment(c api.Call, ch change, a attachment) error {
	was := ch.Attachments
	ch.Attachments.V = append(slices.Clone(was.V), a)
	return o.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		n, err := o.DB.Exec(ctx, `UPDATE organisation_changes SET attachments = $1 WHERE id = $2 AND state = 'proposed' AND attachments = $3`,
			ch.Attachments, ch.ID, was)
		if err != nil {
			return fmt.Errorf("organisation: attach: %w", err)
		}
		if n == 0 {
			return api.Refuse("version_changed")
		}
		if err := o.Files.Keep(ctx, ch.OrganisationID, changeOwner(ch.ID), a.ID); err != nil {
			return err
		}
		return o.record(ctx, c.Actor(), ch.OrganisationID, "organisation.change_attached", ch.ID, map[string]string{"file": a.ID, "sha256": a.SHA256})
	})
}

// downloadAttachment answers GET …/attachments/{file}.
func (o *Organisations) downloadAttachment(c api.Call) error {
	ch, err := o.changeNamed(c)
	if err != nil {
		return err
	}
	return o.sendFile(c, ch.OrganisationID, changeOwner(ch.ID), "file")
}

// sortActions puts actions in the order of their names, for stable answers.
func sortActions(actions []api.Action) {
	slices.SortFunc(actions, func(a, b api.Action) int { return strings.Compare(a.Action, b.Action) })
}
