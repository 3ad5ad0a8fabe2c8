package request

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

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

// uploadSignature keeps the signature that a script put into the form in base64, or
// that was chosen as a file.
func uploadSignature(v *desk.Visit, signed File) (File, []pages.FieldError, error) {
	made := v.Value("signature")
	if made == "" {
		files, faults, err := Upload(v, "signature")
		if err != nil || len(faults) > 0 {
			return File{}, faults, err
		}
		if len(files) == 0 {
			return File{}, []pages.FieldError{{Field: "signature", Key: v.T("request.sign.unsigned")}}, nil
		}
		return files[0], nil, nil
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(made), ""))
	if err != nil {
		return File{}, []pages.FieldError{{Field: "signature", Key: v.T("request.sign.unsigned")}}, nil
	}
	var kept File
	part := desk.Part{Name: "file", File: bytes.NewReader(der), FileName: signed.Name + ".p7s", MediaType: "application/pkcs7-signature"}
	err = v.Upload("/organization/requests/files", []desk.Part{part}, &kept)
	if err == nil {
		return kept, nil, nil
	}
	if _, errs, failed := v.Faults(err); failed == nil {
		return File{}, []pages.FieldError{{Field: "signature", Key: errs[0].Key}}, nil
	}
	return File{}, nil, errors.Join(errors.New("keep a signature"), err)
}
