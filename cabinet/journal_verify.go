package cabinet

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"propusk/cabinet/api"
	"propusk/storage"
	"propusk/storage/journal"
)

// verifyLimit bounds an export that is verified, in bytes: some two hundred thousand
// entries. A longer one is verified at home, by `propusk audit verify`.
const verifyLimit = 128 << 20

// verificationView is what the check of an exported journal came to.
type verificationView struct {
	OK       bool           `json:"ok"`
	Entries  int64          `json:"entries"`
	From     storage.Time   `json:"from"` // of the first entry; null without one
	To       storage.Time   `json:"to"`   // of the last one
	Head     string         `json:"head"` // the last entry's hash
	KeyID    string         `json:"key_id"`
	Current  int64          `json:"current"` // how many entries the organisation's journal has now
	Problems []journalFault `json:"problems"`
}

// journalFault is one thing wrong, at the entry with Seq (0: at none).
type journalFault struct {
	Seq  int64  `json:"seq"`
	Code string `json:"code"` // hash, link, gap, organisation, head, checkpoint, signature, syntax, history
	Text string `json:"text"`
}

// verifyJournal answers POST /v1/organization/journal/verify: is an export what the
// server once gave, by the same code as `propusk audit verify`, and does it stand in
// the organisation's journal as it is today. Nothing of it is kept.
func (s *Server) verifyJournal(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	kind, _, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type"))
	if err != nil || kind != exportFormat || c.Request().Header.Get("Content-Encoding") != "" {
		c.Response().Header().Set("Accept", exportFormat)
		return api.Refuse("content_type_unsupported").With("accepted", exportFormat)
	}
	if s.JournalKeys == nil {
		return api.Refuse("export_unavailable")
	}
	leave, err := s.exports.enter(c.Ctx(), c.Claims.ClientID+" "+c.Claims.Subject)
	if err != nil {
		return err
	}
	defer leave()
	report, err := journal.Verify(http.MaxBytesReader(c.Response(), c.Request().Body, verifyLimit), s.JournalKeys())
	if err != nil {
		return unreadableExport(err)
	}
	view, err := s.verification(c, report)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", view)
}

// unreadableExport tells why an export could not be read to its end.
func unreadableExport(err error) error {
	if _, long := errors.AsType[*http.MaxBytesError](err); long {
		return api.Refuse("upload_too_large").Wrap(err)
	}
	return api.Refuse("body_malformed").With("reason", "it is not a journal's export").Wrap(err)
}

// verification holds a report against the journal as it is.
func (s *Server) verification(c api.Call, report journal.Report) (verificationView, error) {
	view := verificationView{
		Entries: report.Entries, From: report.From, To: report.To, Head: report.Head, KeyID: report.KeyID, Problems: []journalFault{},
	}
	for _, p := range report.Problems {
		view.Problems = append(view.Problems, fault(p.Code, p.Seq, c.Lang()))
	}
	now, err := s.standing(c.Ctx(), c.Organisation(), report)
	if err != nil {
		return view, err
	}
	view.Current = now.current
	if report.Organisation != c.Organisation() {
		view.Problems = append(view.Problems, fault("foreign", 0, c.Lang()))
	} else if !now.stands && intact(report) {
		view.Problems = append(view.Problems, fault("history", report.Entries, c.Lang()))
	}
	view.OK = len(view.Problems) == 0
	return view, nil
}

// intact reports whether the entries follow each other from the first one on, whatever
// is the matter with the checkpoint's signature: then their number is the last one's.
func intact(report journal.Report) bool {
	for _, p := range report.Problems {
		if p.Code != "signature" && p.Code != "checkpoint" {
			return false
		}
	}
	return report.Entries > 0
}

// standing is how an export stands to the journal as it is.
type standing struct {
	current int64 // entries now
	stands  bool  // the export's last entry is there, with its hash
}

func (s *Server) standing(ctx context.Context, organisation string, report journal.Report) (standing, error) {
	last, err := s.Journal.Last(ctx, organisation)
	if err != nil {
		return standing{}, err
	}
	hash, err := s.Journal.HashAt(ctx, organisation, report.Entries)
	if errors.Is(err, storage.ErrNotFound) {
		return standing{current: last}, nil
	}
	return standing{last, err == nil && hash == report.Head}, err
}

// fault says a problem in words.
func fault(code string, seq int64, lang string) journalFault {
	words := journalFaults[code].RU
	if lang == "en" {
		words = journalFaults[code].EN
	}
	if code == "foreign" {
		code = "organisation"
	}
	return journalFault{seq, code, strings.ReplaceAll(words, "{seq}", strconv.FormatInt(seq, 10))}
}

var journalFaults = map[string]api.FieldText{
	"hash": {RU: "Запись № {seq} изменена: её содержание не сходится с её хешем.", EN: "Entry {seq} has been changed: what it says does not fit its hash."},
	"link": {RU: "Запись № {seq} не продолжает предыдущую: записи переставлены, или одна заменена.",
		EN: "Entry {seq} does not continue the one before: entries were swapped, or one was replaced."},
	"gap":          {RU: "Перед записью № {seq} не хватает записей.", EN: "Entries are missing before entry {seq}."},
	"organisation": {RU: "Запись № {seq} из журнала другой организации.", EN: "Entry {seq} is of another organisation's journal."},
	"foreign":      {RU: "Это журнал другой организации.", EN: "This is another organisation's journal."},
	"head":         {RU: "Журнал обрывается на записи № {seq}: в контрольной точке названа другая.", EN: "The journal breaks off at entry {seq}: the checkpoint names another one."},
	"checkpoint": {RU: "В конце нет контрольной точки, или она не та, что была подписана.",
		EN: "There is no checkpoint at the end, or it is not the one that was signed."},
	"signature": {RU: "Подпись контрольной точки не подтверждена: её изменили, или она сделана ключом, который служба больше не публикует.",
		EN: "The checkpoint's signature is not borne out: it was changed, or made with a key that the service no longer publishes."},
	"syntax": {RU: "В файле есть строка, которая не запись и не контрольная точка.", EN: "The file holds a line that is neither an entry nor a checkpoint."},
	"history": {RU: "Записи № {seq} с таким хешем в журнале службы нет: файл и журнал расходятся.",
		EN: "The service's journal has no entry {seq} of this hash: the file and the journal disagree."},
}
