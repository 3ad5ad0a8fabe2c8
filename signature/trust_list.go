package signature

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	"propusk/signature/pki"
)

// ErrOlderList is what an import of a list older than the last one gives.
var ErrOlderList = errors.New("signature: the list is older than the one known")

// errRepeated refuses a second entry of an authority: it would take the place of the
// first, and which of them is right the list alone does not say.
var errRepeated = errors.New("the list has another entry with this ОГРН before")

// maxList bounds the XML list in bytes; the published one has about twenty million.
const maxList = 64 << 20

// acceptedStatus is the only status of accreditation in which certificates count.
const acceptedStatus = "Действует"

// accreditedList is the list of accredited authorities that the ministry
// publishes. Only what decides something is read.
type accreditedList struct {
	XMLName xml.Name     `xml:"АккредитованныеУдостоверяющиеЦентры"`
	Version string       `xml:"Версия"`
	Date    string       `xml:"Дата"`
	Centers []listCenter `xml:"УдостоверяющийЦентр"`
}

type listCenter struct {
	Name    string       `xml:"Название"`
	INN     string       `xml:"ИНН"`
	OGRN    string       `xml:"ОГРН"`
	Current listStatus   `xml:"СтатусАккредитации"`
	History []listStatus `xml:"ИсторияСтатусовАккредитации>СтатусАккредитации"`
	Keys    []listKey    `xml:"ПрограммноАппаратныеКомплексы>ПрограммноАппаратныйКомплекс>КлючиУполномоченныхЛиц>Ключ"`
}

type listStatus struct {
	Status string `xml:"Статус"`
	Since  string `xml:"ДействуетС"`
}

type listKey struct {
	CRLs         []string          `xml:"АдресаСписковОтзыва>Адрес"`
	Certificates []listCertificate `xml:"Сертификаты>ДанныеСертификата"`
}

type listCertificate struct {
	Data string `xml:"Данные"`
}

// ImportList takes in the XML list of accredited authorities. A listed authority
// replaces its earlier record, except for the operator's own decisions (OCSP,
// nonce, failing open). One that came from a list before and is no longer in this
// one keeps its record, with its accreditation ended on the list's date: what it
// issued while accredited is still judged by that time.
//
// The list's XML signature is not checked here: it is GOST XMLDSig, and whoever
// imports a list answers for where he got it. Compare its digest out of band.
func (s *Store) ImportList(r io.Reader, source string) (Report, error) {
	list, date, err := readList(r)
	if err != nil {
		return Report{}, err
	}
	var report Report
	var listed []*Authority
	mentioned := map[string]bool{}
	for _, center := range list.Centers {
		mentioned[strings.TrimSpace(center.OGRN)] = true
		authority, err := center.authority(source, &report)
		if err == nil && slices.ContainsFunc(listed, func(a *Authority) bool { return a.ID == authority.ID }) {
			err = errRepeated
		}
		if err != nil {
			report.refuse(center.Name, err)
			continue
		}
		authority.Listed = date
		listed = append(listed, authority)
	}
	if len(listed) == 0 {
		return report, errors.New("signature: the list has no authority that could be taken in")
	}
	return report, s.update(func(authorities map[string]*Authority, _ *pki.Pool) error {
		for _, known := range authorities {
			if known.Listed.After(date) {
				return fmt.Errorf("%w: of %s, and %s is known", ErrOlderList, date, known.Listed)
			}
		}
		mergeList(authorities, listed, mentioned, date, &report)
		return nil
	})
}

func readList(r io.Reader) (*accreditedList, time.Time, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxList+1))
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("signature: read the list: %w", err)
	}
	if len(data) > maxList {
		return nil, time.Time{}, fmt.Errorf("signature: the list is larger than %d bytes", maxList)
	}
	// A document type could define entities; the list has none.
	if bytes.Contains(data, []byte("<!DOCTYPE")) || bytes.Contains(data, []byte("<!ENTITY")) {
		return nil, time.Time{}, errors.New("signature: the list has a document type definition")
	}
	list := new(accreditedList)
	if err := xml.Unmarshal(data, list); err != nil {
		return nil, time.Time{}, fmt.Errorf("signature: the list is not what it should be: %w", err)
	}
	date, err := listTime(list.Date)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("signature: date of the list: %w", err)
	}
	return list, date, nil
}

// listTime reads the forms of time that lists were seen with; without a zone it
// is Moscow's.
func listTime(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	moscow := time.FixedZone("MSK", 3*60*60)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateOnly, "2006-01-02Z07:00"} {
		if t, err := time.ParseInLocation(layout, s, moscow); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("time %q is not understood", s)
}

// authority turns one entry into a record. Certificates that cannot be read are
// reported and left out; an entry without any is refused.
func (c listCenter) authority(source string, report *Report) (*Authority, error) {
	ogrn := strings.TrimSpace(c.OGRN)
	if !validOGRN(ogrn) {
		return nil, fmt.Errorf("ОГРН %q is wrong", ogrn)
	}
	a := &Authority{
		ID: ogrn, OGRN: ogrn, INN: strings.TrimPrefix(strings.TrimSpace(c.INN), "00"),
		Name: strings.TrimSpace(c.Name), Source: source,
	}
	for _, key := range c.Keys {
		for _, address := range key.CRLs {
			if address = strings.TrimSpace(address); Fetchable(address) && !slices.Contains(a.CRLs, address) {
				a.CRLs = append(a.CRLs, address)
			}
		}
		for _, certificate := range key.Certificates {
			if err := a.addListed(certificate); err != nil {
				report.refuse(a.Name, err)
			}
		}
	}
	if len(a.Certificates) == 0 {
		return nil, errors.New("no usable certificate")
	}
	var err error
	a.Accreditation, err = c.intervals()
	return a, err
}

// addListed takes one certificate in, unless its key is of a refused algorithm:
// the published list still carries many of 2001.
func (a *Authority) addListed(c listCertificate) error {
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(c.Data), ""))
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	parsed, fault := pki.ParseCertificate(raw)
	if fault != nil {
		return fault
	}
	if _, fault := parsed.Key(); fault != nil {
		return fault
	}
	if !parsed.IsCA {
		return faultf(pki.IssuerNotCA, "%s is no authority", parsed.Subject)
	}
	if !slices.ContainsFunc(a.Certificates, func(known []byte) bool { return bytes.Equal(known, raw) }) {
		a.Certificates = append(a.Certificates, raw)
	}
	return nil
}

// intervals turns the history of statuses into times of accreditation.
func (c listCenter) intervals() ([]Interval, error) {
	type change struct {
		at       time.Time
		accepted bool
	}
	var changes []change
	for _, status := range append(slices.Clone(c.History), c.Current) {
		if status == (listStatus{}) {
			continue
		}
		at, err := listTime(status.Since)
		if err != nil {
			return nil, err
		}
		changes = append(changes, change{at, strings.EqualFold(strings.TrimSpace(status.Status), acceptedStatus)})
	}
	if len(changes) == 0 {
		return nil, errors.New("no status of accreditation")
	}
	slices.SortStableFunc(changes, func(a, b change) int { return a.at.Compare(b.at) })
	intervals := []Interval{}
	for _, change := range changes {
		open := len(intervals) > 0 && intervals[len(intervals)-1].To.IsZero()
		switch {
		case change.accepted && !open:
			intervals = append(intervals, Interval{From: change.at})
		case !change.accepted && open:
			intervals[len(intervals)-1].To = change.at
		}
	}
	if len(intervals) == 0 {
		// An empty list would mean trust without limit.
		return nil, errors.New("was never accredited")
	}
	return intervals, nil
}

// mergeList puts the listed records in and ends the accreditation of those that
// are not mentioned any more.
func mergeList(authorities map[string]*Authority, listed []*Authority, mentioned map[string]bool, date time.Time, report *Report) {
	for _, authority := range listed {
		known := authorities[authority.ID]
		if known != nil {
			authority.OCSP, authority.OCSPNonceOptional = known.OCSP, known.OCSPNonceOptional
			authority.DangerouslyFailOpen = known.DangerouslyFailOpen
		}
		authorities[authority.ID] = authority
		switch {
		case known == nil:
			report.Added = append(report.Added, authority.Name)
		case known.same(authority):
			report.Unchanged++
		default:
			report.Changed = append(report.Changed, authority.Name)
		}
	}
	for id, authority := range authorities {
		last := len(authority.Accreditation) - 1
		if mentioned[id] || last < 0 || !authority.Accreditation[last].To.IsZero() {
			continue
		}
		ended := *authority
		ended.Accreditation = slices.Clone(authority.Accreditation)
		ended.Accreditation[last].To = date
		authorities[id] = &ended
		report.Removed = append(report.Removed, authority.Name)
	}
	slices.Sort(report.Removed)
}

// same reports whether two records differ in nothing but the date of their list.
func (a *Authority) same(other *Authority) bool {
	x, y := *a, *other
	x.Listed, y.Listed = time.Time{}, time.Time{}
	return reflect.DeepEqual(x, y)
}
