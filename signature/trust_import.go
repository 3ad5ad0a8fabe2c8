package signature

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"propusk/signature/pki"
)

// Report says what an import changed.
type Report struct {
	Added     []string       `json:"added,omitempty"`   // names of authorities
	Changed   []string       `json:"changed,omitempty"` // the same
	Removed   []string       `json:"removed,omitempty"` // no longer listed: accreditation ended
	Unchanged int            `json:"unchanged"`         // records that stayed
	Helping   []string       `json:"helping,omitempty"` // certificates that lead to an authority
	Refused   []RefusedEntry `json:"refused,omitempty"` // what could not be taken in
}

// RefusedEntry is one thing that an import did not take.
type RefusedEntry struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

func (r *Report) refuse(what string, why error) {
	r.Refused = append(r.Refused, RefusedEntry{what, why.Error()})
}

// found is one certificate and where it was.
type found struct {
	*pki.Certificate
	place string
}

// ImportPath trusts the authorities' certificates in files or in folders, which are
// searched through. What another imported certificate has signed, or a hierarchy
// that is trusted already, is not trusted itself: it helps to find the path, and its
// own revocation is then checked. Certificates that are no authority's are left out,
// and files of other kinds in a folder are passed over. The error is an unreadable
// path, or paths without any certificate of an authority.
func (s *Store) ImportPath(paths ...string) (Report, error) {
	certificates, report, err := readCertificates(paths...)
	if err != nil {
		return report, err
	}
	var authorities []found
	for _, c := range certificates {
		if !c.IsCA {
			report.refuse(c.place, faultf(pki.IssuerNotCA, "%s is no authority", c.Subject))
			continue
		}
		authorities = append(authorities, c)
	}
	if len(authorities) == 0 {
		return report, fmt.Errorf("signature: no authority's certificate in %s", strings.Join(paths, ", "))
	}
	return report, s.trust(authorities, &report)
}

// trust adds plain certificates as records of their own.
func (s *Store) trust(certificates []found, report *Report) error {
	return s.update(func(authorities map[string]*Authority, intermediates *pki.Pool) error {
		above := append(hierarchies(authorities), certificates...)
		for _, c := range certificates {
			id := c.Fingerprint()
			if authorities[id] != nil {
				report.Unchanged++
				continue
			}
			if signedByAnother(c, above) {
				intermediates.Add(c.Certificate)
				report.Helping = append(report.Helping, c.Subject.String())
				continue
			}
			authorities[id] = &Authority{
				ID: id, Name: c.Subject.String(), Source: c.place,
				Certificates: [][]byte{c.Raw}, Hierarchy: true,
			}
			report.Added = append(report.Added, c.Subject.String())
		}
		return nil
	})
}

// hierarchies are the certificates of the records that stand for all below them.
func hierarchies(authorities map[string]*Authority) (all []found) {
	for _, authority := range authorities {
		for _, raw := range authority.Certificates {
			if c, fault := pki.ParseCertificate(raw); authority.Hierarchy && fault == nil {
				all = append(all, found{c, authority.Source})
			}
		}
	}
	return all
}

func signedByAnother(c found, all []found) bool {
	return slices.ContainsFunc(all, func(other found) bool {
		return !other.Equal(c.Certificate) && !c.SelfIssued() &&
			bytes.Equal(c.RawIssuer, other.RawSubject) && c.CheckSignature(other.Certificate) == nil
	})
}

// ImportIntermediates puts in the certificates of files or folders as helpers on
// the way, without trusting them.
func (s *Store) ImportIntermediates(paths ...string) (Report, error) {
	certificates, report, err := readCertificates(paths...)
	if err != nil {
		return report, err
	}
	helpers := make([]*pki.Certificate, 0, len(certificates))
	for _, c := range certificates {
		helpers = append(helpers, c.Certificate)
		report.Helping = append(report.Helping, c.Subject.String())
	}
	return report, s.AddIntermediate(helpers...)
}

// readCertificates collects the certificates of paths, each once.
func readCertificates(paths ...string) ([]found, Report, error) {
	var certificates []found
	var report Report
	seen := map[string]bool{}
	take := func(place string, raw []byte) error {
		c, fault := pki.ParseCertificate(raw)
		if fault != nil {
			report.refuse(place, fault)
			return fault
		}
		if !seen[string(raw)] {
			seen[string(raw)] = true
			certificates = append(certificates, found{c, place})
		}
		return nil
	}
	for _, path := range paths {
		if err := eachBlock(path, "CERTIFICATE", take); err != nil {
			return nil, report, err
		}
	}
	return certificates, report, nil
}

// maxFile bounds a file of a folder in bytes; revocation lists are the largest.
const maxFile = 64 << 20

// eachBlock calls take for each DER or PEM element of the files under path. In a
// folder the files that take refuses are passed over; a path that is a file itself
// must hold what it is named for.
func eachBlock(path, kind string, take func(place string, raw []byte) error) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	if !info.IsDir() {
		return eachBlockOfFile(path, kind, take)
	}
	return filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("signature: %w", err)
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		if err := eachBlockOfFile(file, kind, take); err != nil && os.IsPermission(err) {
			return err
		}
		return nil
	})
}

func eachBlockOfFile(file, kind string, take func(string, []byte) error) error {
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	if info.Size() > maxFile {
		return fmt.Errorf("signature: %s is larger than %d bytes", file, maxFile)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	if !bytes.Contains(data, []byte("-----BEGIN ")) {
		if err := take(file, data); err != nil {
			return fmt.Errorf("signature: %s: %w", file, err)
		}
		return nil
	}
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return nil
		}
		if block.Type != kind {
			continue
		}
		if err := take(file, block.Bytes); err != nil {
			return fmt.Errorf("signature: %s: %w", file, err)
		}
	}
}
