package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"propusk/cabinet/authority"
	"propusk/cabinet/paper"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/jobs"
)

// maxXML bounds an extract as XML, in bytes.
const maxXML = 64 << 20

// maxPDF bounds one as PDF.
const maxPDF = 64 << 20

// work is the job that makes an extract. It may run twice: the second time finds
// nothing to do, or makes it anew and then keeps the same state once.
func (x *Extracts) work(ctx context.Context, job jobs.Job) error {
	var t ticket
	if err := job.Decode(&t); err != nil {
		return err
	}
	e, err := x.byID(ctx, t.ID)
	if err != nil {
		return err
	}
	if e.Status != Making || e.Version != t.Version {
		return nil // cancelled, or made by another worker
	}
	err = x.produce(ctx, e)
	if known, ok := errors.AsType[*failed](err); ok {
		return x.giveUp(ctx, e, known.code, known.args)
	}
	if err != nil && ctx.Err() == nil && (job.Attempt >= job.MaxAttempts || jobs.IsPermanent(err)) {
		x.Log.ErrorContext(ctx, "an extract could not be made", "extract", e.ID, "kind", e.Kind, "err", err)
		code := "not_made"
		if errors.Is(err, errRegister) {
			code = "register_unavailable"
		}
		return x.giveUp(ctx, e, code, map[string]string{"number": e.Number})
	}
	return err
}

// giveUp is fail for an order that may have been cancelled meanwhile.
func (x *Extracts) giveUp(ctx context.Context, e Extract, code string, args map[string]string) error {
	if err := x.fail(ctx, e, code, args); err != nil && !errors.Is(err, ErrStale) {
		return err
	}
	return nil
}

// failed is a reason of the catalogue of failures for which nothing can be made.
type failed struct {
	code string
	args map[string]string
}

func (f *failed) Error() string { return "extract: " + f.code }

// errRegister: the register does not answer now.
var errRegister = errors.New("extract: the register does not answer")

func (x *Extracts) byID(ctx context.Context, id string) (e Extract, err error) {
	if err = x.DB.Get(ctx, &e, `SELECT `+columns+` FROM extracts WHERE id = $1`, id); err != nil {
		return Extract{}, fmt.Errorf("extract: read: %w", err)
	}
	return e, nil
}

// produce goes from the order to the files in the archive.
func (x *Extracts) produce(ctx context.Context, e Extract) error {
	if err := x.progress(ctx, e, StageReading); err != nil {
		return err
	}
	content, err := x.content(ctx, e)
	if err != nil {
		return err
	}
	if err := x.progress(ctx, e, StagePrinting); err != nil {
		return err
	}
	made, err := x.print(e, content)
	if err != nil {
		return err
	}
	if err := x.progress(ctx, e, StageKeeping); err != nil {
		return err
	}
	files, err := x.keep(ctx, e, made)
	if err != nil {
		return err
	}
	return x.finish(ctx, e, files, content.at)
}

// progress shows how far the work is. It is no change of the order: nobody's
// version is spent on it.
func (x *Extracts) progress(ctx context.Context, e Extract, stage Stage) error {
	_, err := x.DB.Exec(ctx, `UPDATE extracts SET stage = $1, updated_at = $2 WHERE id = $3 AND version = $4`,
		stage, x.now(), e.ID, e.Version)
	if err != nil {
		return fmt.Errorf("extract: progress: %w", err)
	}
	return nil
}

// content is what an extract says, as blocks of a paper and as XML.
type content struct {
	at     time.Time // of the paper
	blocks []paper.Block
	xml    func() ([]byte, error)
	name   string // of the files, without extension
}

func (x *Extracts) content(ctx context.Context, e Extract) (content, error) {
	if e.kind().source == fromAuthority {
		return x.factsContent(e)
	}
	record, err := x.record(ctx, e)
	if err != nil {
		return content{}, err
	}
	return x.registerContent(e, record), nil
}

// record asks the register for the organisation, and makes sure that it is this one.
func (x *Extracts) record(ctx context.Context, e Extract) (authority.Record, error) {
	of := e.Subject.V
	record, err := x.Registry.Find(ctx, of.OGRN)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return record, &failed{"record_missing", map[string]string{"inn": of.INN}}
	case err != nil:
		return record, fmt.Errorf("%w: %w", errRegister, err)
	case record.INN != of.INN || record.OGRN != of.OGRN || record.Kind != of.Kind:
		return record, &failed{"record_differs", map[string]string{"inn": record.INN}}
	}
	return record, nil
}

// made is what was printed and signed; a nil part was not ordered.
type made struct {
	name                              string
	pdf, pdfSignature, xml, signature []byte
}

func (x *Extracts) print(e Extract, c content) (m made, err error) {
	m.name = c.name
	if e.wants(FormatPDF) {
		if m.pdf, _, err = x.Paper.Issue(x.document(e, c), x.claims(e, c.at)); errors.Is(err, paper.ErrTooLarge) {
			return m, &failed{"too_large", nil}
		}
		if err != nil {
			return m, fmt.Errorf("extract: print: %w", err)
		}
		if m.pdfSignature, err = x.Paper.Sign(m.pdf); err != nil {
			return m, err
		}
	}
	if e.wants(FormatXML) {
		if m.xml, err = c.xml(); err != nil {
			return m, fmt.Errorf("extract: write XML: %w", err)
		}
		if len(m.xml) > maxXML || len(m.pdf) > maxPDF {
			return m, &failed{"too_large", nil}
		}
		if m.signature, err = x.Paper.Sign(m.xml); err != nil {
			return m, err
		}
	}
	return m, nil
}

// document is the paper: what it is, about whom, its content, and by which key it is
// sealed.
func (x *Extracts) document(e Extract, c content) paper.Document {
	t := e.kind()
	d := paper.Document{Title: t.name.ru, Subtitle: "Источник сведений: " + t.body.ru, Number: e.Number, At: c.at}
	head := paper.Fields{}
	if p := e.Order.V; p.From != "" {
		head = append(head, paper.Field{Label: "Период", Value: russian(p.From) + " – " + russian(p.To)})
	}
	for _, p := range t.params {
		if o, ok := p.option(e.Order.V.Parameters[p.id]); ok {
			head = append(head, paper.Field{Label: p.name.ru, Value: o.name.ru})
		}
	}
	if e.Order.V.Purpose != "" {
		head = append(head, paper.Field{Label: "Для предъявления", Value: e.Order.V.Purpose})
	}
	if until := t.until(c.at); !until.IsZero() {
		head = append(head, paper.Field{Label: "Действует до", Value: until.In(moscow).Format("02.01.2006")})
	}
	if len(head) > 0 {
		d.Blocks = append(d.Blocks, head)
	}
	d.Blocks = append(d.Blocks, c.blocks...)
	d.Blocks = append(d.Blocks, x.stamp()...)
	return d
}

// stamp tells by whose certificate the paper is sealed and how to verify it.
func (x *Extracts) stamp() []paper.Block {
	certificate := x.Seal.Published().Certificates[0]
	return []paper.Block{
		paper.Heading{Text: "Сведения об электронной подписи"},
		paper.Fields{
			{Label: "Владелец сертификата", Value: certificate.Subject},
			{Label: "Сертификат", Value: certificate.Serial},
			{Label: "Действителен", Value: certificate.NotBefore.Time().In(moscow).Format("02.01.2006") + " – " + certificate.NotAfter.Time().In(moscow).Format("02.01.2006")},
		},
		paper.Paragraph{Text: "Файл подписи (CAdES-BES) прилагается к документу. Код на первой странице содержит подписанные сведения о документе: сравните их с напечатанными."},
	}
}

// claims are what the code says: enough to compare with the paper, and no more.
func (x *Extracts) claims(e Extract, at time.Time) map[string]any {
	claims := map[string]any{"doc": "extract/" + e.Kind, "num": e.Number, "inn": e.Subject.V.INN, "ogrn": e.Subject.V.OGRN}
	if until := e.kind().until(at); !until.IsZero() {
		claims["till"] = until.In(moscow).Format(time.DateOnly)
	}
	return claims
}

// until is when a paper of that time stops to hold; zero: never.
func (t Type) until(at time.Time) time.Time {
	if t.validDays == 0 {
		return time.Time{}
	}
	return at.AddDate(0, 0, t.validDays)
}

func russian(iso string) string { return authority.Date(iso).Russian() }

// keep saves the parts, loose: the end of the order keeps them.
func (x *Extracts) keep(ctx context.Context, e Extract, m made) (files Files, err error) {
	for _, part := range []struct {
		id      *string
		name    string
		kind    file.Kinds
		limit   int64
		content []byte
	}{
		{&files.PDF, m.name + ".pdf", file.PDF, maxPDF, m.pdf},
		{&files.PDFSignature, m.name + ".pdf.p7s", file.Signature, 1 << 20, m.pdfSignature},
		{&files.XML, m.name + ".xml", file.XML, maxXML, m.xml},
		{&files.XMLSignature, m.name + ".xml.p7s", file.Signature, 1 << 20, m.signature},
	} {
		if part.content == nil {
			continue
		}
		saved, err := x.Files.SaveOurs(ctx, e.OrganisationID, part.name, part.kind, part.limit, bytes.NewReader(part.content))
		if err != nil {
			return files, fmt.Errorf("extract: save %s: %w", part.name, err)
		}
		*part.id = saved.ID
	}
	return files, nil
}

// owner is who keeps the files.
func (e Extract) owner() string { return "extract/" + e.ID }

// finish makes the order ready, unless it was cancelled meanwhile: then the files
// stay loose and are swept.
func (x *Extracts) finish(ctx context.Context, e Extract, files Files, at time.Time) error {
	e.Status, e.Stage, e.Files.V = Ready, StageDone, files
	e.ReadyAt, e.ValidUntil = x.now(), storage.Of(e.kind().until(at))
	err := x.DB.Tx(ctx, func(ctx context.Context) error {
		if err := x.store(ctx, &e); err != nil {
			return err
		}
		if err := x.Files.Keep(ctx, e.OrganisationID, e.owner(), files.ids()...); err != nil {
			return err
		}
		if err := x.note(ctx, directory.Actor{}, e, "extract.ready", map[string]string{"format": e.Format}); err != nil {
			return err
		}
		if err := x.Notices.Tell(ctx, e.readyEvent()); err != nil {
			return err
		}
		return x.mailOrdered(ctx, e)
	})
	if errors.Is(err, ErrStale) {
		return nil
	}
	return err
}
