package extract

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/outbox"
)

// ErrEmail: it is not a mailbox.
var ErrEmail = errors.New("extract: not a mailbox")

// Mail sends a ready extract to a mailbox.
func (x *Extracts) Mail(ctx context.Context, actor directory.Actor, organisationID, id, email string) error {
	email, ok := directory.NormaliseEmail(email)
	if !ok {
		return ErrEmail
	}
	e, err := x.Get(ctx, organisationID, id)
	if err != nil {
		return err
	}
	if e.Status != Ready {
		return ErrState
	}
	return x.DB.Tx(ctx, func(ctx context.Context) error {
		if _, err := x.authorise(ctx, actor, organisationID, e.Kind); err != nil {
			return err
		}
		if err := x.mayMail(ctx, organisationID); err != nil {
			return err
		}
		if err := x.note(ctx, actor, e, "extract.mailed", map[string]string{"to": masked(email)}); err != nil {
			return err
		}
		return x.send(ctx, e, email)
	})
}

// maxMails bounds the letters that an organisation has sent in 24 hours: a mailbox
// is whatever the caller says, and a letter may carry 15 MB.
const maxMails = 200

// mayMail counts a letter.
func (x *Extracts) mayMail(ctx context.Context, organisationID string) error {
	n, left, err := x.Ephemeral.Incr(ctx, "extract-mails/"+organisationID, 24*time.Hour)
	if err == nil && n > maxMails {
		err = api.Refuse("rate_limited").After(int(left/time.Second) + 1)
	}
	return err
}

// mailOrdered sends a ready extract where the order says, in the transaction that
// makes it ready.
func (x *Extracts) mailOrdered(ctx context.Context, e Extract) error {
	if len(e.Email) == 0 {
		return nil
	}
	email, err := x.Sealer.Open(e.Email, emailContext(e.ID))
	if err != nil {
		return fmt.Errorf("extract: the order's mailbox: %w", err)
	}
	if err := x.note(ctx, directory.Actor{}, e, "extract.mailed", map[string]string{"to": masked(string(email))}); err != nil {
		return err
	}
	if err := x.send(ctx, e, string(email)); !errors.Is(err, outbox.ErrChannel) {
		return err
	}
	x.Log.WarnContext(ctx, "an extract was ordered to be mailed, and nothing delivers mail", "extract", e.ID)
	return nil
}

// attached is the kind of references that Open answers.
const attached = "extract"

// send puts the message with references to the files into the outbox: their bytes
// are read when it is delivered. Files that no mail server takes stay in the archive.
func (x *Extracts) send(ctx context.Context, e Extract, email string) error {
	message := outbox.Message{Channel: "email", To: email, Subject: e.kind().name.ru + " № " + e.Number}
	total := int64(0)
	for _, id := range e.Files.V.ids() {
		f, err := x.Files.Get(ctx, e.OrganisationID, id)
		if err != nil {
			return err
		}
		total += f.Size
		message.Attachments = append(message.Attachments, outbox.Attachment{
			Name: f.Name, MediaType: f.MediaType, Size: f.Size, Ref: attached + "/" + e.OrganisationID + "/" + f.ID,
		})
	}
	message.Text = e.letter(total > outbox.MaxAttachments)
	if total > outbox.MaxAttachments {
		message.Attachments = nil
	}
	if err := x.Outbox.Send(ctx, message); err != nil {
		return fmt.Errorf("extract: mail: %w", err)
	}
	return nil
}

// letter is the text of the e-mail. It names the organisation only as the file does.
func (e Extract) letter(tooLarge bool) string {
	t := e.kind()
	ru, en := "приложен к письму вместе с файлами электронной подписи.", "is attached with its electronic signatures."
	if tooLarge {
		ru, en = "слишком велик для письма: его можно скачать в кабинете организации.", "is too large for an e-mail: it can be downloaded in the organisation's cabinet."
	}
	return "Документ «" + t.name.ru + "» № " + e.Number + " " + ru + "\n\n" +
		"Проверить подпись можно любой программой, которая понимает CMS, и по коду на первой странице.\n\n---\n\n" +
		"The document “" + t.name.en + "” no. " + e.Number + " " + en + "\n"
}

// open reads what a message refers to.
func (x *Extracts) open(ctx context.Context, ref string) (io.ReadCloser, error) {
	parts := strings.Split(ref, "/")
	if len(parts) != 3 {
		return nil, storage.ErrNotFound
	}
	_, content, err := x.Files.Open(ctx, parts[1], parts[2])
	return content, err
}

// masked shows of a mailbox what lets its owner recognise it.
func masked(email string) string {
	for i, r := range email {
		if r == '@' {
			return email[:min(1, i)] + "…" + email[i:]
		}
	}
	return "…"
}

// Part names one file of an extract.
type Part string

// The parts. Archive is all of them in one ZIP.
const (
	PartPDF          Part = "pdf"
	PartPDFSignature Part = "pdf.p7s"
	PartXML          Part = "xml"
	PartXMLSignature Part = "xml.p7s"
	PartArchive      Part = "zip"
)

// id is that of the part's file, "" when there is none.
func (f Files) id(part Part) string {
	return map[Part]string{
		PartPDF: f.PDF, PartPDFSignature: f.PDFSignature, PartXML: f.XML, PartXMLSignature: f.XMLSignature,
	}[part]
}

// parts are those that there are.
func (f Files) parts() []Part {
	parts := []Part{}
	for _, part := range []Part{PartPDF, PartPDFSignature, PartXML, PartXMLSignature} {
		if f.id(part) != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// packed is one file that is to go into an archive.
type packed struct {
	file    file.File
	content io.ReadSeekCloser
}

// opened opens every part, so that one that is gone is found before anything is sent.
func (x *Extracts) opened(ctx context.Context, e Extract) (parts []packed, err error) {
	for _, id := range e.Files.V.ids() {
		f, content, err := x.Files.Open(ctx, e.OrganisationID, id)
		if err != nil {
			closeAll(parts)
			return nil, fmt.Errorf("extract: open a file of the archive: %w", err)
		}
		parts = append(parts, packed{f, content})
	}
	return parts, nil
}

func closeAll(parts []packed) {
	for _, p := range parts {
		_ = p.content.Close() // they were only read
	}
}

// archive writes the parts into one ZIP.
func archive(parts []packed, to io.Writer) error {
	out := zip.NewWriter(to)
	for _, p := range parts {
		entry, err := out.CreateHeader(&zip.FileHeader{Name: p.file.Name, Method: zip.Deflate, Modified: p.file.CreatedAt.Time()})
		if err != nil {
			return fmt.Errorf("extract: archive: %w", err)
		}
		if _, err := io.Copy(entry, p.content); err != nil {
			return fmt.Errorf("extract: archive: %w", err)
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("extract: archive: %w", err)
	}
	return nil
}
