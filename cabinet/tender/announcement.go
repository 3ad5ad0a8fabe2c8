package tender

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"propusk/cabinet/authority"
	"propusk/idp/directory"
	"propusk/storage"
)

// The states of an announcement, as the register says them.
const (
	Open      = "open"      // applications are taken
	Review    = "review"    // the commission works
	Completed = "completed" // it has decided
	Cancelled = "cancelled" // by the customer
)

// Phases lists the states of an announcement, in the order of its life.
func Phases() []string { return []string{Open, Review, Completed, Cancelled} }

var phaseLabels = map[string]words{
	Open:      {"Приём заявок", "Applications are taken"},
	Review:    {"Работа комиссии", "The commission is at work"},
	Completed: {"Завершена", "Completed"},
	Cancelled: {"Отменена", "Cancelled"},
}

// Tender is an announcement as it is kept.
type Tender struct {
	ID           string                         `db:"id"`
	Number       string                         `db:"number"`
	Revision     int64                          `db:"revision"`
	Digest       string                         `db:"digest"`
	Object       string                         `db:"object"`
	CustomerINN  string                         `db:"customer_inn"`
	CustomerName string                         `db:"customer_name"`
	Sector       string                         `db:"sector"`
	Region       string                         `db:"region"`
	Price        int64                          `db:"price"` // kopecks
	State        string                         `db:"state"`
	PublishedAt  storage.Time                   `db:"published_at"`
	DeadlineAt   storage.Time                   `db:"deadline_at"`
	Content      storage.JSON[authority.Tender] `db:"content"`
	CreatedAt    storage.Time                   `db:"created_at"`
	UpdatedAt    storage.Time                   `db:"updated_at"`
}

const tenderColumns = `id, number, revision, digest, object, customer_inn, customer_name, sector, region, price, state,
	published_at, deadline_at, content, created_at, updated_at`

// phase is the state by the clock: what the register calls open is not any more when
// its time is over.
func (t Tender) phase(now storage.Time) string {
	if t.State == Open && !now.Before(t.DeadlineAt) {
		return Review
	}
	return t.State
}

// takes reports whether an application may be sent now.
func (t Tender) takes(now storage.Time) bool { return t.phase(now) == Open }

// The bounds of what an announcement may say.
const (
	maxAnnouncement = 1 << 20 // bytes of one
	maxObject       = 2000    // letters
	maxText         = 4000    // letters of any other text
	maxSectors      = 50
	maxDocuments    = 200
	maxProtocols    = 100
	maxPrice        = 100_000_000_000_000_00 // kopecks
	// MaxDocument is the largest document that is fetched, in bytes.
	MaxDocument = 32 << 20
)

var (
	numberForm   = regexp.MustCompile(`^[0-9]{19}$`)
	sectorForm   = regexp.MustCompile(`^[0-9]{2}(\.[0-9]{1,2}(\.[0-9]{1,2}(\.[0-9]{3})?)?)?$`)
	regionForm   = regexp.MustCompile(`^[0-9]{2}$`)
	digestForm   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	documentForm = regexp.MustCompile(`^[0-9A-Za-z._-]{1,100}$`)
)

// errAnnouncement: the register gave what is no announcement.
var errAnnouncement = errors.New("tender: not an announcement")

// ParseAnnouncement reads one announcement of a register and refuses what is none,
// with the reason: everything that people will see, sign or be told is bounded here.
func ParseAnnouncement(raw []byte) (a authority.Tender, err error) {
	if len(raw) > maxAnnouncement {
		return a, fmt.Errorf("%w: it has more than %d bytes", errAnnouncement, maxAnnouncement)
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return a, fmt.Errorf("%w: %w", errAnnouncement, err)
	}
	if fault := announcementFault(a); fault != "" {
		return authority.Tender{}, fmt.Errorf("%w: %s", errAnnouncement, fault)
	}
	return a, nil
}

// announcementFault is the first thing that is wrong, "" when nothing is.
func announcementFault(a authority.Tender) string {
	switch {
	case !numberForm.MatchString(a.Number):
		return "the number has not 19 digits"
	case a.Revision < 1:
		return "the revision is below 1"
	case !slices.Contains(Phases(), a.State):
		return "the state is unknown"
	case !plain(a.Object, maxObject) || a.Object == "":
		return "the object is missing or malformed"
	case !directory.ValidINN(a.Customer.INN) || !plain(a.Customer.Name, maxText) || a.Customer.Name == "":
		return "the customer is missing or malformed"
	case len(a.Sectors) == 0 || len(a.Sectors) > maxSectors:
		return "the sectors are missing or too many"
	case !regionForm.MatchString(a.Region):
		return "the region is no code"
	case a.Kopecks <= 0 || a.Kopecks > maxPrice || a.ApplicationSecurity < 0 || a.ApplicationSecurity > a.Kopecks || a.ContractSecurity < 0 || a.ContractSecurity > a.Kopecks:
		return "a sum is out of its bounds"
	case a.PublishedAt <= 0 || a.DeadlineAt <= a.PublishedAt:
		return "the deadline does not follow the publication"
	}
	return partsFault(a)
}

func partsFault(a authority.Tender) string {
	for _, s := range a.Sectors {
		if !sectorForm.MatchString(s.Code) || !plain(s.Name, maxText) {
			return "a sector is malformed"
		}
	}
	if len(a.Documents) > maxDocuments || len(a.Protocols) > maxProtocols || len(a.Requirements) > maxDocuments {
		return "it has too many parts"
	}
	var ids []string
	for _, d := range a.Documents {
		if !documentForm.MatchString(d.ID) || !digestForm.MatchString(d.SHA256) || !plain(d.Name, 300) || d.Name == "" || d.Size <= 0 || d.Size > MaxDocument || slices.Contains(ids, d.ID) {
			return "a document is malformed, too large or named twice"
		}
		ids = append(ids, d.ID)
	}
	for _, p := range a.Protocols {
		if !plain(p.Number, 100) || !plain(p.Kind, 300) || p.Kind == "" || !plain(p.Text, maxText) || p.At <= 0 {
			return "a protocol is malformed"
		}
	}
	for _, text := range append([]string{a.Method.Code, a.Method.Name, a.Term, a.Place, a.Change, a.Customer.KPP}, a.Requirements...) {
		if !plain(text, maxText) {
			return "a text is too long or has control characters"
		}
	}
	return ""
}

// plain reports whether a text has at most so many letters, is UTF-8, and has no
// control or direction characters.
func plain(text string, most int) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= most &&
		!strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) })
}

// digestOf is the digest of what an announcement says.
func digestOf(a authority.Tender) (string, error) {
	text, err := json.Marshal(a)
	if err != nil {
		return "", fmt.Errorf("tender: digest: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// fresh is the announcement as a row.
func fresh(a authority.Tender, now storage.Time) (Tender, error) {
	digest, err := digestOf(a)
	return Tender{
		ID: storage.NewID(), Number: a.Number, Revision: a.Revision, Digest: digest, Object: a.Object, CustomerINN: a.Customer.INN,
		CustomerName: a.Customer.Name, Sector: a.Sectors[0].Code, Region: a.Region, Price: a.Kopecks, State: a.State,
		PublishedAt: a.PublishedAt, DeadlineAt: a.DeadlineAt, Content: storage.JSON[authority.Tender]{V: a}, CreatedAt: now, UpdatedAt: now,
	}, err
}
