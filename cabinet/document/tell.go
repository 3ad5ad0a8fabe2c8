package document

import (
	"context"
	"fmt"
	"strings"
	"time"

	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage/file"
	"propusk/storage/outbox"
)

// tellShared tells the recipient organisation. The notice is mailed to its people: what
// the sender writes leads nowhere in it.
func (d *Documents) tellShared(ctx context.Context, doc Document, s Share) error {
	name, message := unlinked(doc.Name), quoted(unlinked(s.Message))
	event := notice.Event{
		ID: "document/" + s.ID + "/shared", Type: "document.shared", OrganisationID: s.RecipientID, Category: notice.Document,
		Permission: directory.DocumentsRead, Path: "/cabinet/documents/incoming/" + s.ID, Source: s.SenderName,
		Data: map[string]any{"document_id": s.ID},
		Texts: notice.Texts{
			RU: notice.Message{Subject: "Получен документ: " + short(name), Body: s.SenderName + " передаёт вам документ «" + name + "»." + message},
			EN: notice.Message{Subject: "A document arrived: " + short(name), Body: s.SenderName + " hands you the document “" + name + "”." + message},
		},
	}
	if s.SignatureRequested {
		event.Type, event.ID, event.Importance = "document.signature_requested", "document/"+s.ID+"/signature", notice.High
		event.Texts.RU.Subject, event.Texts.EN.Subject = "Документ ждёт вашей подписи: "+short(name), "A document awaits your signature: "+short(name)
	}
	return d.Notices.Tell(ctx, event)
}

// tellSigned tells the document's organisation.
func (d *Documents) tellSigned(ctx context.Context, doc Document, s Signature, count int64) error {
	signer := s.Verdict.V.Subject.Owner()
	return d.Notices.Tell(ctx, notice.Event{
		ID: "document/" + s.ID + "/signed", Type: "document.signed", OrganisationID: doc.OrganisationID, Category: notice.Document,
		Permission: directory.DocumentsRead, Path: "/cabinet/documents/" + doc.ID,
		Data: map[string]any{"document_id": doc.ID, "signatures": count},
		Texts: notice.Texts{
			RU: notice.Message{Subject: "Документ подписан: " + short(doc.Name), Body: fmt.Sprintf("«%s» подписывает %s. Подписей: %d.", doc.Name, signer, count)},
			EN: notice.Message{Subject: "Document signed: " + short(doc.Name), Body: fmt.Sprintf("“%s” is signed by %s. Signatures: %d.", doc.Name, signer, count)},
		},
	})
}

// Damaged tells the organisation whose document a damaged file is, once for each
// document. It is for file.Store.Alarm.
func (d *Documents) Damaged(ctx context.Context, f file.File) error {
	var damaged []Document
	err := d.DB.Select(ctx, &damaged, `SELECT `+columns+` FROM documents WHERE file_id = $1`, f.ID)
	if err != nil {
		return fmt.Errorf("document: of a damaged file: %w", err)
	}
	for _, doc := range damaged {
		err := d.Notices.Tell(ctx, notice.Event{
			ID: fmt.Sprintf("document/%s/damaged/%d", doc.ID, d.time()), Type: "document.damaged", OrganisationID: doc.OrganisationID,
			Category: notice.Security, Importance: notice.High, Permission: directory.DocumentsRead, Path: "/cabinet/documents/" + doc.ID,
			Data: map[string]any{"document_id": doc.ID},
			Texts: notice.Texts{
				RU: notice.Message{Subject: "Нарушена целостность документа: " + short(doc.Name), Body: "Содержимое документа «" + doc.Name + "» не совпадает с сохранённым и не выдаётся, пока его не восстановят из копии. Администраторы системы уведомлены."},
				EN: notice.Message{Subject: "A document failed its integrity check: " + short(doc.Name), Body: "The content of “" + doc.Name + "” is not what was saved, and is not given out until it is restored from a backup. The operators have been told."},
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// mailLink mails the link; only the mailbox learns it. What the sender writes is marked as
// his, and leads nowhere.
func (d *Documents) mailLink(ctx context.Context, doc Document, v Version, s Share, token string) error {
	until := s.ExpiresAt.Time().In(moscow).Format("02.01.2006 15:04")
	name, file, message := unlinked(doc.Name), unlinkedFile(v.FileName), ""
	if s.Message != "" {
		message = "\n\nСообщение отправителя / the sender writes:\n> " + strings.ReplaceAll(unlinked(s.Message), "\n", "\n> ")
	}
	text := fmt.Sprintf("%s передаёт вам документ «%s» (%s, %s).%s\n\nСсылка открывается один раз и действует до %s (МСК):\n%s\n\n"+
		"Если вы не ждали документа, не открывайте ссылку.\n\n"+
		"%s hands you the document “%s”. The link opens once, until %s (Moscow time).",
		s.SenderName, name, file, sizeText(v.Size), message, until, d.linkURL(token), s.SenderName, name, until)
	return d.Outbox.Send(ctx, outbox.Message{
		Channel: "email", To: s.Email, Subject: "Вам передан документ: " + short(name), Text: text, Expires: s.ExpiresAt,
	})
}

func (d *Documents) linkURL(token string) string { return d.BaseURL + linkPath + token }

// linkPath is where mailed links lead; what follows it is a secret.
const linkPath = "/v1/documents/links/"

// moscow is the time that letters are written in.
var moscow = time.FixedZone("МСК", 3*60*60)

func quoted(message string) string {
	if message == "" {
		return ""
	}
	return "\n\n" + message
}

// short cuts a name to what fits into a subject.
func short(name string) string {
	runes := []rune(name)
	if len(runes) <= 80 {
		return name
	}
	return string(runes[:79]) + "…"
}

func sizeText(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f МБ", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%d КБ", n>>10)
	}
	return fmt.Sprintf("%d Б", n)
}

// maskEmail leaves of a mailbox what its owner recognises.
func maskEmail(email string) string {
	name, domain, found := strings.Cut(email, "@")
	if !found {
		return ""
	}
	return string([]rune(name)[:1]) + "***@" + domain
}
