package demo

import (
	"context"
	"errors"
	"fmt"

	"propusk/cabinet/api"
	"propusk/cabinet/filing"
	"propusk/cabinet/filing/report"
	"propusk/idp/directory"
)

// FillFilings begins two reports of Северный Маяк for the year before: a VAT return
// that is whole, and a profit tax return that is only begun. What stands there
// already is left alone.
func (d *Demo) FillFilings(ctx context.Context, filings *filing.Filings) error {
	year := d.deps.Now().In(report.Moscow).Year() - 1
	for _, n := range []filing.NewDraft{
		{Type: "NO_NDS", Period: "24", Year: year, Values: report.Values{
			"СвНП/@ОКТМО": "45375000", "Подписант/ФИО/@Фамилия": "Маякова", "Подписант/ФИО/@Имя": "Анна",
			"НДС/СумУплНП/@ОКТМО": "45375000", "НДС/СумУплНП/@КБК": "18210301000011000110", "НДС/СумУплНП/@СумПУ_173.1": "104000",
			"НДС/СумУпл164/@НалПУ164": "104000", "НДС/СумУпл164/СумНалОб/@НалВосстОбщ": "200000",
			"НДС/СумУпл164/СумНалОб/РеалТов20/@НалБаза": "1000000", "НДС/СумУпл164/СумНалОб/РеалТов20/@СумНал": "200000",
			"НДС/СумУпл164/СумНалВыч/@НалПредНППриоб": "96000", "НДС/СумУпл164/СумНалВыч/@НалВычОбщ": "96000",
		}},
		{Type: "NO_PRIB", Period: "34", Year: year, Values: report.Values{"Прибыль/РасчНал/@ДохРеал": "1000000"}},
	} {
		_, err := filings.Begin(ctx, directory.System(), d.organisationID("mayak"), n)
		if refused, ok := errors.AsType[*api.Refusal](err); ok && refused.Code() == "filing_exists" {
			continue
		}
		if err != nil {
			return fmt.Errorf("fill the demo's filings: %w", err)
		}
	}
	return nil
}
