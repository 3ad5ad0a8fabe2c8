package trust

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"propusk/signature"
	"propusk/storage/journal"
)

// Material is what an operator brings, as paths. A path of certificates or lists is
// a file (DER or PEM) or a folder that is searched through.
type Material struct {
	// Roots are certificates of authorities to trust, with all that they certify.
	Roots []string
	// Intermediates help to find a path to a trusted authority.
	Intermediates []string
	// CRLs are revocation lists of trusted authorities, for a house without a way
	// to fetch them.
	CRLs []string
	// Lists are XML lists of accredited authorities, a file each.
	Lists []string
}

func (m Material) empty() bool {
	return len(m.Roots)+len(m.Intermediates)+len(m.CRLs)+len(m.Lists) == 0
}

// Report says what an import changed.
type Report struct {
	signature.Report
	// Digests are of the accredited lists that were read, SHA-256 by path: compare
	// them with what the publisher says, since a list's own signature is not checked.
	Digests map[string]string `json:"digests,omitempty"`
	// CRLs is how many revocation lists were taken in.
	CRLs int `json:"crls"`
}

func (r *Report) add(other signature.Report) {
	r.Added = append(r.Added, other.Added...)
	r.Changed = append(r.Changed, other.Changed...)
	r.Removed = append(r.Removed, other.Removed...)
	r.Unchanged += other.Unchanged
	r.Helping = append(r.Helping, other.Helping...)
	r.Refused = append(r.Refused, other.Refused...)
}

// Import takes in certificates, accredited lists and revocation lists, in this
// order; by is the operator, for the journal. The certificates and accredited lists
// are taken all or none; when only revocation lists cannot be read, the report of
// the others comes beside the error.
func (t *Trust) Import(ctx context.Context, by string, m Material) (Report, error) {
	if m.empty() {
		return Report{}, errors.New("trust: nothing to import was named")
	}
	var report Report
	if len(m.Roots)+len(m.Intermediates)+len(m.Lists) > 0 {
		err := t.change(ctx, by, func(store *signature.Store) (entry journal.Entry, err error) {
			report, err = m.into(store)
			return report.entry(by, m), err
		})
		if err != nil {
			return Report{}, err
		}
	}
	return report, t.importCRLs(ctx, by, m.CRLs, &report)
}

// into takes the certificates and accredited lists into a store.
func (m Material) into(store *signature.Store) (Report, error) {
	report := Report{Digests: map[string]string{}}
	for _, path := range m.Lists {
		if err := report.takeList(store, path); err != nil {
			return report, err
		}
	}
	if len(m.Roots) > 0 {
		taken, err := store.ImportPath(m.Roots...)
		if report.add(taken); err != nil {
			return report, err
		}
	}
	if len(m.Intermediates) > 0 {
		taken, err := store.ImportIntermediates(m.Intermediates...)
		if report.add(taken); err != nil {
			return report, err
		}
	}
	return report, nil
}

func (r *Report) takeList(store *signature.Store, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("trust: accredited list: %w", err)
	}
	defer file.Close()
	digest := sha256.New()
	taken, err := store.ImportList(io.TeeReader(file, digest), path)
	r.add(taken)
	r.Digests[path] = hex.EncodeToString(digest.Sum(nil))
	return err
}

func (r Report) entry(by string, m Material) journal.Entry {
	details := map[string]string{
		"by":    by,
		"paths": strings.Join(append(append(append([]string{}, m.Lists...), m.Roots...), m.Intermediates...), " "),
		"added": strconv.Itoa(len(r.Added)), "changed_authorities": strconv.Itoa(len(r.Changed)),
		"removed": strconv.Itoa(len(r.Removed)), "unchanged": strconv.Itoa(r.Unchanged),
		"helping": strconv.Itoa(len(r.Helping)), "refused": strconv.Itoa(len(r.Refused)),
	}
	for _, digest := range r.Digests {
		details["sha256"] = strings.TrimSpace(details["sha256"] + " " + digest)
	}
	return journal.Entry{Action: "trust.imported", Object: "trust", Outcome: "ok", Details: details}
}

// importCRLs takes in the revocation lists that a trusted authority signed and that
// do not go back behind the ones held.
func (t *Trust) importCRLs(ctx context.Context, by string, paths []string, report *Report) error {
	for _, path := range paths {
		lists, refused, err := t.store.ReadLists(path)
		report.add(refused)
		if err != nil {
			return err
		}
		for _, kept := range lists {
			if err := t.importCRL(ctx, by, path, kept, report); err != nil {
				return err
			}
		}
	}
	if report.CRLs > 0 {
		t.announce(ctx)
	}
	return nil
}

func (t *Trust) importCRL(ctx context.Context, by, path string, kept signature.Kept, report *Report) error {
	kept.Tried = t.deps.Now()
	if err := t.revocations.Take(kept); err != nil {
		report.Refused = append(report.Refused, signature.RefusedEntry{What: path, Why: err.Error()})
		return nil
	}
	report.CRLs++
	return t.deps.DB.Tx(ctx, func(ctx context.Context) error {
		if err := (keeper{t}).Keep(ctx, kept); err != nil {
			return err
		}
		return t.deps.Journal.Append(ctx, journal.Entry{
			Action: "trust.list_imported", Object: kept.Address, Outcome: "ok",
			Details: map[string]string{"by": by, "path": path, "sha256": rowOf(kept).Digest},
		})
	})
}
