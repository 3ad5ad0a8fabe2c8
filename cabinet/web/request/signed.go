package request

import (
	"bytes"
	"errors"
	"net/http"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type signView struct {
	One     one
	Back    string
	Text    string
	Signing pages.Signing
}

// signForm asks for a file and signs it in the page: by the plug-in, by a key file,
// or with a signature that was made elsewhere.
func signForm(v *desk.Visit) error { return signPage(v, http.StatusOK, "") }

func signPage(v *desk.Visit, status int, wrong string, errs ...pages.FieldError) error {
	view := signView{Back: pathOf(v.PathValue("id"))}
	if err := v.Get(apiOf(v), nil, &view.One); err != nil {
		return err
	}
	view.Signing = pages.Signing{Action: v.Path(), Content: true, Act: v.T("request.sign.act"), Error: wrong}
	return v.Page(status, "request_sign.html", "request.sign.title", view, errs...)
}

// answerSigned sends the file with its signature as a reply.
func answerSigned(v *desk.Visit) error {
	content, faults, err := Upload(v, "content")
	if err != nil {
		return err
	}
	if len(content) == 0 && len(faults) == 0 {
		faults = []pages.FieldError{{Field: "content", Key: "request.sign.missing"}}
	}
	if len(faults) > 0 {
		return signPage(v, http.StatusUnprocessableEntity, "", faults...)
	}
	signature, faults, err := uploadSignature(v, content[0])
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		return signPage(v, http.StatusUnprocessableEntity, faults[0].Key, faults...)
	}
	body := map[string]any{
		"kind": "reply", "text": v.T("request.sign.text", "Name", content[0].Name),
		"files": []string{content[0].ID, signature.ID}, "signatures": map[string]string{content[0].ID: signature.ID},
	}
	return send(v, body, func(status int, errs []pages.FieldError) error { return signPage(v, status, "", errs...) })
}

// uploadSignature keeps the signature that a script put into the form, or that was
// chosen as a file.
func uploadSignature(v *desk.Visit, signed File) (File, []pages.FieldError, error) {
	made, err := v.Signature()
	if errors.Is(err, desk.ErrNoSignature) {
		return File{}, []pages.FieldError{{Field: "signature", Key: v.T("request.sign.unsigned")}}, nil
	}
	if err != nil {
		return File{}, nil, err
	}
	var kept File
	part := desk.Part{Name: "file", File: bytes.NewReader(DER(made)), FileName: signed.Name + ".p7s", MediaType: "application/pkcs7-signature"}
	err = v.Upload("/organization/requests/files", []desk.Part{part}, &kept)
	if err == nil {
		return kept, nil, nil
	}
	_, errs, err := v.Faults(err)
	if err != nil {
		return File{}, nil, err
	}
	return File{}, []pages.FieldError{{Field: "signature", Key: errs[0].Key}}, nil
}
