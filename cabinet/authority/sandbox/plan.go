package sandbox

import (
	"cmp"
	"maps"
	"regexp"
	"strings"
	"time"

	"propusk/cabinet/authority"
	"propusk/storage"
)

// plan makes the answers of a rule to a submission, whose contents are still in it.
func (s *Sandbox) plan(rule Rule, sub authority.Submission, taken *received) []*planned {
	var out []*planned
	for n, step := range rule.Answers {
		due := taken.At.Add(time.Duration(step.After))
		p := &planned{Due: due, Duplicates: rule.Duplicates, Reverse: rule.Reverse, Answer: authority.Answer{
			ID: storage.NewID(), SubmissionID: sub.ID, INN: sub.INN, OGRN: sub.OGRN, Seq: n + 1, Event: step.Event,
			Number: taken.Number, At: storage.Of(due), Source: s.Name, Subject: step.Subject, Text: step.Text,
			Faults: step.Faults, Files: step.Files, Fields: maps.Clone(step.Fields),
		}}
		if step.Due > 0 {
			p.Answer.Due = storage.Of(due.Add(time.Duration(step.Due)))
		}
		if step.Event == authority.Refused && len(step.Faults) == 0 {
			p.Answer.Faults = []authority.Fault{{Code: "0400300001", Text: "Файл не соответствует установленному формату"}}
		}
		if document, made := receiptOf(sub, taken, p.Answer); made && !step.NoReceipt {
			p.Answer.Files = append([]authority.File{document}, p.Answer.Files...)
			p.Answer.Fields = merged(receiptFields(sub, taken, p.Answer), p.Answer.Fields)
		}
		if document, made := resultOf(sub, taken, p.Answer); made {
			p.Answer.Files = []authority.File{document}
		}
		if files := s.chargeFiles(sub, p.Answer); files != nil {
			p.Answer.Files = files
		}
		out = append(out, p)
	}
	return out
}

// merged is a with what b says otherwise.
func merged(a, b map[string]string) map[string]string {
	maps.Copy(a, b)
	return a
}

// reportOf is the prefix that the name of a report's file begins with: everything
// before the first code of a recipient, "NO_NDS" of NO_NDS_7801_7801_….
func reportOf(sub authority.Submission) string {
	if name := mainFile(sub).Name; name != "" {
		parts := strings.Split(strings.TrimSuffix(name, ".xml"), "_")
		for i, part := range parts {
			if i > 0 && officeCode.MatchString(part) {
				return strings.Join(parts[:i], "_")
			}
		}
		return name
	}
	return cmp.Or(sub.Fields["report"], sub.Fields["extract"])
}

var (
	officeCode = regexp.MustCompile(`^[0-9]{4}$`)
	attribute  = func(name string) *regexp.Regexp { return regexp.MustCompile(`\s` + name + `="([^"]{1,40})"`) }
	correction = attribute("НомКорр")
	period     = attribute("Период")
	year       = attribute("ОтчетГод")
	form       = attribute("КНД")
)

// mainFile is the report among the files: the first XML, or the first of all.
func mainFile(sub authority.Submission) authority.File {
	for _, f := range sub.Files {
		if strings.HasSuffix(strings.ToLower(f.Name), ".xml") {
			return f
		}
	}
	if len(sub.Files) > 0 {
		return sub.Files[0]
	}
	return authority.File{}
}

// attributeOf reads an attribute from the head of the report, which may be in
// windows-1251 as well as in UTF-8.
func attributeOf(sub authority.Submission, name *regexp.Regexp, field string) string {
	if given := sub.Fields[field]; given != "" {
		return given
	}
	head := mainFile(sub).Content
	head = head[:min(len(head), 64<<10)]
	for _, text := range []string{string(head), fromWindows1251(head)} {
		if found := name.FindStringSubmatch(text); found != nil {
			return found[1]
		}
	}
	return ""
}

func correctionOf(sub authority.Submission) string {
	return attributeOf(sub, correction, "correction")
}
