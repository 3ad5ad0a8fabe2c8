package demo

import (
	"context"
	"fmt"

	"propusk/cabinet/api"
	"propusk/cabinet/extract"
	"propusk/idp/directory"
)

// FillExtracts orders an extract and a certificate for the demo's first
// organisation; the jobs make them once the demo runs. It does so once.
func (d *Demo) FillExtracts(ctx context.Context, extracts *extract.Extracts) error {
	of := d.organisationID("mayak")
	there, err := extracts.List(ctx, of, extract.Filter{}, api.Page{Limit: 1})
	if err != nil || len(there) > 0 {
		return err
	}
	for _, order := range []extract.Order{
		{Kind: "egrul", Format: extract.FormatBoth, Particulars: extract.Particulars{Purpose: "Для участия в закупке"}},
		{Kind: "tax_status", Format: extract.FormatPDF, Particulars: extract.Particulars{Purpose: "Для банка"}},
	} {
		if _, err := extracts.Place(ctx, directory.System(), of, order); err != nil {
			return fmt.Errorf("fill the demo's extracts: %s: %w", order.Kind, err)
		}
	}
	return nil
}
