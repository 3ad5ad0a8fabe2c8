package demo

import (
	"bytes"
	"context"
	"fmt"

	"propusk/cabinet/api"
	"propusk/cabinet/document"
	"propusk/cabinet/paper"
	"propusk/idp/directory"
	"propusk/storage/file"
)

// shownDocument is one that the demo's archives begin with.
type shownDocument struct {
	of, to     string // keys of organisations; to "" is handed to nobody
	file       string
	kind       document.Kind
	validUntil string
	title      string
	text       string
	sign       bool // the recipient is asked to sign
}

var shownDocuments = []shownDocument{
	{of: "mayak", file: "Устав.pdf", kind: "charter", title: "Устав", text: "Утверждён решением общего собрания участников, протокол № 1 от 12.03.2002."},
	{of: "mayak", file: "Приказ о назначении.pdf", kind: "appointment", title: "Приказ № 4", text: "Вступить в должность генерального директора с 01.02.2024."},
	{of: "mayak", to: "verfi", file: "Договор поставки 17.pdf", kind: "contract", validUntil: "2027-12-31", title: "Договор поставки № 17",
		text: "Поставщик обязуется передать, а Покупатель принять и оплатить маячные фонари по спецификации.", sign: true},
	{of: "mayak", file: "Счёт 204.pdf", kind: "invoice", title: "Счёт на оплату № 204", text: "Аванс по договору поставки № 17, 30 %."},
	{of: "verfi", to: "mayak", file: "Акт сверки.pdf", kind: "act", title: "Акт сверки взаимных расчётов", text: "По состоянию на конец квартала расхождений нет."},
}

// FillDocuments gives the demo's organisations a few documents, and hands some of
// them over. It does so once: an archive that has something in it is left alone.
func (d *Demo) FillDocuments(ctx context.Context, archive *document.Documents, files *file.Store, papers *paper.Paper) error {
	there, err := archive.List(ctx, d.organisationID("mayak"), document.Filter{}, api.Page{Limit: 1})
	if err != nil || len(there) > 0 {
		return err
	}
	for _, s := range shownDocuments {
		if err := d.fillDocument(ctx, archive, files, papers, s); err != nil {
			return fmt.Errorf("fill the demo's documents: %s: %w", s.file, err)
		}
	}
	return nil
}

func (d *Demo) fillDocument(ctx context.Context, archive *document.Documents, files *file.Store, papers *paper.Paper, s shownDocument) error {
	owner := d.organisationID(s.of)
	pdf, err := papers.PDF(paper.Document{Title: s.title, At: d.deps.Now(), Blocks: []paper.Block{paper.Paragraph{Text: s.text}}})
	if err != nil {
		return err
	}
	f, err := files.Save(ctx, owner, s.file, file.PDF, int64(len(pdf)), bytes.NewReader(pdf))
	if err != nil {
		return err
	}
	added, err := archive.Add(ctx, directory.System(), owner, document.NewDocument{Kind: s.kind, ValidUntil: s.validUntil}, f)
	if err != nil || s.to == "" {
		return err
	}
	to, err := d.deps.Directory.Organisation(ctx, d.organisationID(s.to))
	if err != nil {
		return err
	}
	_, err = archive.Share(ctx, directory.System(), owner, added[0].ID, document.NewShare{INN: to.INN, SignatureRequested: s.sign})
	return err
}
