package document

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"propusk/cabinet/api"
	"propusk/storage"
)

// getShares answers GET /v1/documents/{id}/shares.
func (d *Documents) getShares(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	doc, err := d.one(c)
	if err != nil {
		return err
	}
	list, err := d.shares(c.Ctx(), doc.ID)
	if err != nil {
		return err
	}
	view := struct {
		Shares []shareView `json:"shares"`
	}{make([]shareView, len(list))}
	for i, s := range list {
		view.Shares[i] = newShareView(s, d.time())
	}
	return api.Answer(c, http.StatusOK, "", view)
}

// postShare answers POST /v1/documents/{id}/shares.
func (d *Documents) postShare(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	var body struct {
		Recipient          string       `json:"recipient"` // ИНН or e-mail
		Version            int64        `json:"version"`
		Message            api.Prose    `json:"message"`
		SignatureRequested bool         `json:"signature_requested"`
		ExpiresAt          storage.Time `json:"expires_at"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	n := NewShare{Number: body.Version, Message: string(body.Message), SignatureRequested: body.SignatureRequested, ExpiresAt: body.ExpiresAt}
	var ok bool
	if n.INN, n.Email, ok = recipient(body.Recipient); !ok {
		return api.InvalidField("/recipient", "recipient")
	}
	if err := api.Invalid(d.shareFaults(n)...); err != nil {
		return err
	}
	s, err := d.Share(c.Ctx(), c.Actor(), c.Organisation(), id, n)
	if err != nil {
		return shareRefusal(err, "/recipient")
	}
	return api.Created(c, "/v1/documents/"+id+"/shares/"+s.ID, "", newShareView(s, d.time()))
}

func (d *Documents) shareFaults(n NewShare) []api.FieldFault {
	var faults []api.FieldFault
	fault := func(pointer, code string) { faults = append(faults, api.FieldFault{Pointer: pointer, Code: code}) }
	if n.INN == "" && n.Email == "" {
		fault("/recipient", "required")
	}
	if n.Number < 0 {
		fault("/version", "out_of_range")
	}
	if len([]rune(n.Message)) > maxDescription {
		fault("/message", "too_long")
	}
	if n.Email != "" && n.SignatureRequested { // a mailbox has no cabinet to sign in
		fault("/signature_requested", "not_allowed")
	}
	if n.ExpiresAt != 0 && (n.ExpiresAt <= d.time() || n.Email != "" && n.ExpiresAt > d.time().Add(linkLongest)) {
		fault("/expires_at", "out_of_range")
	}
	return faults
}

// deleteShare answers DELETE /v1/documents/{id}/shares/{share}.
func (d *Documents) deleteShare(c api.Call) error {
	share, err := c.PathID("share")
	if err != nil {
		return err
	}
	id, err := c.ID()
	if err != nil {
		return err
	}
	if err := d.Revoke(c.Ctx(), c.Actor(), c.Organisation(), id, share); err != nil {
		return Refusal(err)
	}
	return api.NoContent(c)
}

//go:embed link.html
var linkSource string

// linkPage is what somebody sees who follows a mailed link: what it is and who sends
// it, and a button. The link is spent by the button and not by the look, since mail
// programs follow links by themselves.
var linkPage = template.Must(template.New("link").Parse(linkSource))

//go:embed link.css
var linkStyle string

// linkPolicy lets the page draw itself and post to itself, and nothing else.
var linkPolicy = func() string {
	sum := sha256.Sum256([]byte(linkStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}()

// linkView is what the link's page shows, and JSON to who asks for it.
type linkView struct {
	Sender    senderView   `json:"sender"`
	Name      string       `json:"name"`
	Message   string       `json:"message"`
	File      fileView     `json:"file"`
	ExpiresAt storage.Time `json:"expires_at"`
}

// getLink answers GET /v1/documents/links/{token}.
func (d *Documents) getLink(c api.Call) error {
	quietly(c)
	in, err := d.Link(c.Ctx(), token(c))
	if err != nil {
		return linkRefusal(c, err)
	}
	v := linkView{
		senderView{in.Share.SenderINN, in.Share.SenderName}, in.Document.Name, in.Share.Message,
		fileView{in.Version.FileName, in.Version.MediaType, in.Version.Size, in.Version.SHA256}, in.Share.ExpiresAt,
	}
	if !inBrowser(c) {
		return api.Answer(c, http.StatusOK, "", v)
	}
	return showLink(c, http.StatusOK, &v)
}

// linkRefusal says that a link does not work, to people on a page.
func linkRefusal(c api.Call, err error) error {
	if errors.Is(err, ErrLink) && inBrowser(c) {
		return showLink(c, http.StatusNotFound, nil)
	}
	return Refusal(err)
}

func inBrowser(c api.Call) bool {
	return strings.Contains(c.Request().Header.Get("Accept"), "text/html")
}

// showLink draws the page of a link, or of one that does not work.
func showLink(c api.Call, status int, v *linkView) error {
	data := map[string]any{"Style": template.CSS(linkStyle), "English": c.Lang() == "en", "Link": v}
	if v != nil {
		data["Size"] = sizeText(v.File.Size)
		data["Until"] = v.ExpiresAt.Time().In(moscow).Format("02.01.2006 15:04")
	}
	var page bytes.Buffer
	if err := linkPage.Execute(&page, data); err != nil {
		return fmt.Errorf("document: draw a link's page: %w", err)
	}
	api.Speaks(c, c.Lang())
	c.Response().Header().Set("Content-Security-Policy", linkPolicy)
	return c.HTMLBlob(status, page.Bytes())
}

// postLink answers POST /v1/documents/links/{token} with the file, once.
func (d *Documents) postLink(c api.Call) error {
	quietly(c)
	for _, conditional := range []string{"Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"} {
		c.Request().Header.Del(conditional) // less than the file would spend the link
	}
	in, err := d.UseLink(c.Ctx(), token(c))
	if err != nil {
		return linkRefusal(c, err)
	}
	return d.send(c, in.Share.OrganisationID, in.Version, false)
}

// quietly keeps the secret of the address from other sites, and the answer from
// caches.
func quietly(c api.Call) {
	header := c.Response().Header()
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Robots-Tag", "noindex")
}
