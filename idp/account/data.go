package account

import (
	"encoding/json"
	"fmt"
	"net/http"

	"propusk/idp/directory"
	"propusk/idp/oauth"
	"propusk/storage"
	"propusk/storage/journal"
)

// file is what a person downloads: all that the house knows of him. It holds no
// secret, and nothing of other people.
type file struct {
	Issuer     string                 `json:"issuer"`
	At         storage.Time           `json:"at"`
	Person     directory.PersonalData `json:"person"`
	Identity   identity               `json:"identity"`
	Agreements []directory.Agreement  `json:"agreements"`

	Passkeys      []passkeyRecord     `json:"passkeys"`
	RecoveryCodes int                 `json:"recovery_codes_left"`
	Certificates  []certificateRecord `json:"certificates"`
	Devices       []deviceRecord      `json:"devices"`
	Sessions      []sessionRecord     `json:"sessions"`
	Consents      []oauth.Consent     `json:"consents"`
	Grants        []oauth.Grant       `json:"grants"`
	Journal       []journalRecord     `json:"journal"` // the latest, newest first
}

type identity struct {
	BirthDate    string       `json:"birth_date,omitempty"`
	ClaimedSNILS string       `json:"claimed_snils,omitempty"`
	Level        string       `json:"level"`
	ConfirmedBy  string       `json:"confirmed_by,omitempty"`
	ConfirmedAt  storage.Time `json:"confirmed_at"`
}

type passkeyRecord struct {
	Name      string       `json:"name"`
	CreatedAt storage.Time `json:"created_at"`
	UsedAt    storage.Time `json:"used_at"`
}

type certificateRecord struct {
	Serial    string       `json:"serial"`
	Issuer    string       `json:"issuer"`
	Owner     string       `json:"owner"`
	NotBefore storage.Time `json:"not_before"`
	NotAfter  storage.Time `json:"not_after"`
	BoundAt   storage.Time `json:"bound_at"`
	UsedAt    storage.Time `json:"used_at"`
}

type deviceRecord struct {
	UserAgent    string       `json:"user_agent"`
	IP           string       `json:"ip"`
	Country      string       `json:"country,omitempty"`
	CreatedAt    storage.Time `json:"created_at"`
	SeenAt       storage.Time `json:"seen_at"`
	TrustedUntil storage.Time `json:"trusted_until"`
}

type sessionRecord struct {
	UserAgent string       `json:"user_agent"`
	IP        string       `json:"ip"`
	Country   string       `json:"country,omitempty"`
	Factors   []string     `json:"factors"`
	CreatedAt storage.Time `json:"created_at"`
	SeenAt    storage.Time `json:"seen_at"`
}

type journalRecord struct {
	At        storage.Time      `json:"at"`
	Action    string            `json:"action"`
	Outcome   string            `json:"outcome"`
	Client    string            `json:"client,omitempty"`
	IP        string            `json:"ip,omitempty"`
	UserAgent string            `json:"user_agent,omitempty"`
	Details   map[string]string `json:"details,omitempty"`
}

type dataView struct {
	frame
	Closing storage.Time // 0 = not asked for
}

// data offers the download and the closing of the account.
func (s *Server) data(v *visit) error {
	closing, err := s.closing(v)
	if err != nil {
		return err
	}
	return v.page(http.StatusOK, "account_data.html", "account.place.data", dataView{frame: frame{v.notice()}, Closing: closing.DueAt})
}

// dataFile sends it, and writes to the journal that it was sent.
func (s *Server) dataFile(v *visit) error {
	f, err := s.gather(v)
	if err != nil {
		return err
	}
	body, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return fmt.Errorf("write the data: %w", err)
	}
	if err := s.record(v.ctx(), v, "person.data_downloaded", nil); err != nil {
		return err
	}
	v.Response().Header().Set("Content-Disposition", `attachment; filename="propusk-data.json"`)
	return v.Blob(http.StatusOK, "application/json; charset=utf-8", append(body, '\n'))
}

func (s *Server) gather(v *visit) (file, error) {
	f := file{Issuer: s.deps.Issuer, At: s.now()}
	for _, part := range []func(*visit, *file) error{s.gatherPerson, s.gatherFactors, s.gatherUse, s.gatherJournal} {
		if err := part(v, &f); err != nil {
			return file{}, fmt.Errorf("gather the data: %w", err)
		}
	}
	return f, nil
}

func (s *Server) gatherPerson(v *visit, f *file) (err error) {
	if f.Person, err = s.deps.Directory.PersonalData(v.ctx(), v.Person.ID); err != nil {
		return err
	}
	known, err := s.deps.Directory.Identity(v.ctx(), v.Person.ID)
	if err != nil {
		return err
	}
	f.Identity = identity{known.BirthDate, known.ClaimedSNILS, string(known.Level), known.ConfirmedBy, known.ConfirmedAt}
	f.Agreements, err = s.deps.Directory.Agreements(v.ctx(), v.Person.ID)
	return err
}

func (s *Server) gatherFactors(v *visit, f *file) error {
	keys, err := s.deps.Passkeys.List(v.ctx(), v.Person.ID)
	if err != nil {
		return err
	}
	f.Passkeys, f.Certificates, f.Devices = []passkeyRecord{}, []certificateRecord{}, []deviceRecord{}
	for _, key := range keys {
		f.Passkeys = append(f.Passkeys, passkeyRecord{key.Name, key.CreatedAt, key.UsedAt})
	}
	certificates, err := s.deps.Directory.Certificates(v.ctx(), v.Person.ID)
	if err != nil {
		return err
	}
	for _, c := range certificates {
		f.Certificates = append(f.Certificates, certificateRecord{c.Serial, c.Issuer, c.Owner, c.NotBefore, c.NotAfter, c.BoundAt, c.UsedAt})
	}
	if f.RecoveryCodes, err = s.deps.RecoveryCodes.Left(v.ctx(), v.Person.ID); err != nil {
		return err
	}
	devices, err := s.deps.Devices.List(v.ctx(), v.Person.ID)
	for _, d := range devices {
		f.Devices = append(f.Devices, deviceRecord{d.UserAgent, d.IP, d.Country, d.CreatedAt, d.SeenAt, d.TrustedUntil})
	}
	return err
}

func (s *Server) gatherUse(v *visit, f *file) error {
	sessions, err := s.deps.Sessions.OfPerson(v.ctx(), v.Person.ID)
	if err != nil {
		return err
	}
	for _, one := range sessions {
		r := sessionRecord{UserAgent: one.UserAgent, IP: one.IP, Country: one.Country, CreatedAt: one.CreatedAt, SeenAt: one.SeenAt}
		for _, p := range one.Proofs.V {
			r.Factors = append(r.Factors, string(p.Factor))
		}
		f.Sessions = append(f.Sessions, r)
	}
	f.Consents, f.Grants, err = s.connections(v.ctx(), v.Person.ID)
	return err
}

// journalMost bounds the entries of the download.
const journalMost = 10_000

func (s *Server) gatherJournal(v *visit, f *file) error {
	f.Journal = []journalRecord{}
	filter := journal.Filter{Actor: v.Person.ID, Limit: 500}
	for len(f.Journal) < journalMost {
		entries, err := s.deps.Journal.List(v.ctx(), filter)
		if err != nil {
			return err
		}
		for _, e := range entries {
			f.Journal = append(f.Journal, journalRecord{e.At, e.Action, e.Outcome, e.Client, e.IP, e.UserAgent, e.Details})
			filter.Before = e.Seq
		}
		if len(entries) < filter.Limit {
			return nil
		}
	}
	return nil
}
