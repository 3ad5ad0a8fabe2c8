package document

import (
	"errors"
	"net/http"
	"strconv"

	"propusk/cabinet/api"
	"propusk/signature"
)

// maxSignatureBody bounds a request that carries a signature in base64, in bytes.
const maxSignatureBody = signature.MaxUpload*2 + 4<<10

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// getSignatures answers GET /v1/documents/{id}/signatures.
func (d *Documents) getSignatures(c api.Call) error {
	q := c.Query("version")
	n := number(q)
	if err := q.Err(); err != nil {
		return err
	}
	doc, v, err := d.oneVersion(c, n)
	if err != nil {
		return err
	}
	list, err := d.signatures(c.Ctx(), doc.ID, v.FileID)
	if err != nil {
		return err
	}
	var view struct {
		Signatures []signatureView `json:"signatures"`
	}
	view.Signatures = newSignatureViews(list, c.Organisation(), c.Lang())
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", view)
}

// newSignature is the body of both routes that add one.
type newSignature struct {
	Signature []byte `json:"signature"` // CMS as programs write it: DER, PEM or base64, once more in base64
	Version   int64  `json:"version"`   // 0 is the present one
}

func readSignature(c api.Call) (newSignature, error) {
	var body newSignature
	if err := api.ReadObjectUpTo(c, maxSignatureBody, &body); err != nil {
		return body, err
	}
	var faults []api.FieldFault
	if len(body.Signature) == 0 {
		faults = append(faults, api.FieldFault{Pointer: "/signature", Code: "required"})
	}
	if body.Version < 0 {
		faults = append(faults, api.FieldFault{Pointer: "/version", Code: "out_of_range"})
	}
	body.Signature = signature.Decode(body.Signature)
	return body, api.Invalid(faults...)
}

// postSignature answers POST /v1/documents/{id}/signatures.
func (d *Documents) postSignature(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	body, err := readSignature(c)
	if err != nil {
		return err
	}
	s, err := d.Sign(c.Ctx(), c.Actor(), c.Organisation(), id, body.Version, body.Signature)
	if err != nil {
		return signRefusal(err)
	}
	api.Speaks(c, c.Lang())
	return api.Created(c, "/v1/documents/"+id+"/signatures/"+s.ID, "", newSignatureView(s, c.Organisation(), c.Lang()))
}

// signRefusal shows every check that failed, in words.
func signRefusal(err error) error {
	if refusedBy, ok := errors.AsType[*RefusedError](err); ok {
		refused := api.Refuse("document_signature_refused").Because("signature_" + string(refusedBy.Verdict.Code)).Wrap(err)
		for _, check := range refusedBy.Verdict.Checks {
			if check.Status == signature.Failed {
				refused = refused.About(api.FieldFault{Pointer: "/signature", Code: "signature_" + string(check.Code)})
			}
		}
		return refused
	}
	if errors.Is(err, signature.ErrBusy) {
		return api.Refuse("verifier_busy").After(2).Wrap(err)
	}
	return Refusal(err)
}

// getIncoming answers GET /v1/documents/incoming.
func (d *Documents) getIncoming(c api.Call) error {
	q := c.Query("after", "limit")
	page := q.Page()
	if err := q.Err(); err != nil {
		return err
	}
	found, err := d.Incoming(c.Ctx(), c.Organisation(), page)
	if err != nil {
		return err
	}
	found, next := api.Cut(page, found, Incoming.key)
	view := struct {
		Documents []incomingView `json:"documents"`
		Next      string         `json:"next,omitempty"`
	}{make([]incomingView, len(found)), next}
	for i, in := range found {
		view.Documents[i] = newIncomingView(in, c.Lang())
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", view)
}

// received is the incoming document of the path.
func (d *Documents) receivedOne(c api.Call) (Incoming, error) {
	id, err := c.ID()
	if err != nil {
		return Incoming{}, err
	}
	in, err := d.Received(c.Ctx(), c.Organisation(), id)
	if err != nil {
		return Incoming{}, Refusal(err)
	}
	return in, nil
}

// getReceived answers GET /v1/documents/incoming/{id}.
func (d *Documents) getReceived(c api.Call) error {
	in, err := d.receivedOne(c)
	if err != nil {
		return err
	}
	list, err := d.signatures(c.Ctx(), in.Document.ID, in.Version.FileID)
	if err != nil {
		return err
	}
	const one = "/v1/documents/incoming/{id}"
	actions, err := c.Actions(
		api.ActOf("download", read(one+"/content", nil)),
		api.ActOf("sign", signs(one+"/signatures", nil)).Unless(in.Version.Size <= maxSigned, "document_sign_large").
			Unless(in.Share.SignatureRequested, "document_not_asked").Unless(d.Verifier != nil, "signatures_unavailable"),
	)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", oneIncomingView{
		newIncomingView(in, c.Lang()), newSignatureViews(list, c.Organisation(), c.Lang()), actions,
	})
}

// getReceivedContent answers GET /v1/documents/incoming/{id}/content.
func (d *Documents) getReceivedContent(c api.Call) error {
	q := c.Query("inline")
	show := q.Flag("inline")
	if err := q.Err(); err != nil {
		return err
	}
	in, err := d.receivedOne(c)
	if err != nil {
		return err
	}
	if err := d.given(c, in); err != nil {
		return err
	}
	return d.send(c, in.Share.OrganisationID, in.Version, show)
}

// getReceivedContainer answers GET /v1/documents/incoming/{id}/container.
func (d *Documents) getReceivedContainer(c api.Call) error {
	in, err := d.receivedOne(c)
	if err != nil {
		return err
	}
	if err := d.given(c, in); err != nil {
		return err
	}
	return d.sendContainer(c, in.Document, in.Version)
}

// given notes for both sides that the recipient is given the bytes.
func (d *Documents) given(c api.Call, in Incoming) error {
	if c.Request().Method != http.MethodGet {
		return nil
	}
	if err := d.Opened(c.Ctx(), in); err != nil {
		return err
	}
	return d.downloaded(c, in.Share.ID, in.Document.Name, in.Version)
}

// postReceivedSignature answers POST /v1/documents/incoming/{id}/signatures.
func (d *Documents) postReceivedSignature(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	body, err := readSignature(c)
	if err != nil {
		return err
	}
	s, err := d.SignIncoming(c.Ctx(), c.Actor(), c.Organisation(), id, body.Signature)
	if err != nil {
		return signRefusal(err)
	}
	api.Speaks(c, c.Lang())
	return api.Created(c, "/v1/documents/incoming/"+id, "", newSignatureView(s, c.Organisation(), c.Lang()))
}
