package export

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/paper"
)

// Press draws lists. Both members are required.
type Press struct {
	Paper *paper.Paper
	Now   func() time.Time
}

// AtOnce answers GET of a list's export. A list that is too long to be drawn while the
// caller waits is refused with the number of its rows: it is made by POST /v1/exports.
func (p Press) AtOnce(c api.Call, k Kind) error {
	q := c.Query(append(slices.Clone(k.Parameters), "format")...)
	format := cmp.Or(q.OneOf("format", XLSX, PDF), XLSX)
	ask, err := k.read(c, q)
	if err != nil {
		return err
	}
	list, err := k.Open(c.Ctx(), Order{c.Organisation(), c.Lang(), ask})
	if err != nil {
		return err
	}
	most := bounds[format].atOnce
	count, err := list.Count(c.Ctx(), bounds[format].most+1)
	if err != nil {
		return err
	}
	if count > most {
		return api.Refuse("export_long").With("rows", strconv.Itoa(count)).With("most", strconv.Itoa(most)).With("kind", k.Name)
	}
	content, _, err := p.draw(list, format, subtitle(c), c.Lang(), most, nil)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	c.Response().Header().Set("Cache-Control", "no-store")
	return api.File(c, api.FileAnswer{Name: list.Name + "." + format, MediaType: mediaTypes[format], Size: int64(len(content))}, bytes.NewReader(content))
}

// subtitle says whose list it is.
func subtitle(c api.Call) string {
	return c.Claims.Organisation.Name + ", ИНН " + c.Claims.Organisation.INN
}

// draw makes the file of up to most rows; cut tells that there were more. After each part
// told is asked whether to go on.
func (p Press) draw(list Listing, format, of, lang string, most int, told func(rows int) error) (content []byte, cut bool, err error) {
	rows := bounded(list.Rows, most, &cut, told)
	if format == XLSX {
		content, err = p.Paper.XLSXOf(list.Table, rows)
		return content, cut, err
	}
	table := list.Table
	for part, err := range rows {
		if err != nil {
			return nil, false, err
		}
		table.Rows = append(table.Rows, part...)
	}
	d := paper.Document{Title: table.Title, Subtitle: of, At: p.Now()}
	table.Title = ""
	d.Blocks = []paper.Block{table}
	if cut {
		d.Blocks = append(d.Blocks, paper.Paragraph{Text: fmt.Sprintf(cutText[lang], most)})
	}
	content, err = p.Paper.PDF(d)
	return content, cut, err
}

var cutText = map[string]string{
	"ru": "Показаны первые %d строк. Сузьте отбор, чтобы увидеть остальные.",
	"en": "The first %d rows. Narrow the filter to see the others.",
}

// bounded passes on up to most rows and notes whether there are more.
func bounded(rows iter.Seq2[[][]any, error], most int, cut *bool, told func(int) error) iter.Seq2[[][]any, error] {
	return func(yield func([][]any, error) bool) {
		n := 0
		for part, err := range rows {
			if *cut = err == nil && n+len(part) > most; *cut {
				part = part[:most-n]
			}
			if n += len(part); err == nil && told != nil {
				err = told(n)
			}
			if !yield(part, err) || err != nil || *cut {
				return
			}
		}
	}
}

// texts are the problems that only this room has. Codes are never renamed.
var texts = map[string]api.Text{
	"export_not_ready": {
		Status: http.StatusConflict,
		RU:     api.Saying{Title: "Файл ещё не готов", Detail: "Дождитесь, пока выгрузка завершится."},
		EN:     api.Saying{Title: "The file is not ready", Detail: "Wait until the export is made."},
	},
	"export_too_many": {
		Status: http.StatusConflict,
		RU:     api.Saying{Title: "Слишком много выгрузок", Detail: "Дождитесь начатых выгрузок или удалите ненужные."},
		EN:     api.Saying{Title: "Too many exports", Detail: "Wait for those that were begun, or delete what you do not need."},
	},
	"export_damaged": {
		Status: http.StatusConflict,
		RU:     api.Saying{Title: "Файл повреждён в хранилище", Detail: "Удалите выгрузку и сформируйте её ещё раз."},
		EN:     api.Saying{Title: "The file is damaged in the store", Detail: "Delete the export and have it made again."},
	},
}
