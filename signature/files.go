package signature

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"propusk/signature/pki"
)

// Files is a whole question on disk: the command `propusk signature verify`.
// A path is a file or a folder that is searched through.
type Files struct {
	Roots         string // authorities to trust; required
	Intermediates string // certificates that help to find a path; optional
	CRLs          string // revocation lists; optional, but without one nothing is accepted
	Content       string // the document; required
	Signatures    []string
	At            time.Time // zero means now
	Language      string    // of the texts; Russian by default
	Policy        Policy
}

// FileVerdict is the answer for one signature file, in the form of the command's
// JSON line.
type FileVerdict struct {
	File     string      `json:"file"`
	Accepted bool        `json:"accepted"`
	Code     Code        `json:"code"`
	Checks   []FileCheck `json:"checks"`
	// Subject is empty while it is not certain whose signature it is.
	Subject Subject `json:"subject"`

	// Verdict is the whole of it, for callers in Go.
	Verdict Verdict `json:"-"`
}

// FileCheck is one check with its text.
type FileCheck struct {
	Name   CheckName `json:"name"`
	Status Status    `json:"status"`
	Code   Code      `json:"code"`
	Text   string    `json:"text"`
}

// VerifyFiles judges detached signatures offline. The error means that it could
// not judge: a path cannot be read, or holds nothing of its kind. A signature
// file that cannot be read does not keep the others from being judged: their
// verdicts come beside the error.
func VerifyFiles(ctx context.Context, files Files) ([]FileVerdict, error) {
	verifier, err := files.verifier()
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(files.Content)
	if err != nil {
		return nil, fmt.Errorf("signature: content: %w", err)
	}
	if len(files.Signatures) == 0 {
		return nil, errors.New("signature: no signature files")
	}
	verdicts := make([]FileVerdict, 0, len(files.Signatures))
	var unreadable error
	for _, file := range files.Signatures {
		signature, err := readBounded(file, MaxSignature+1)
		if err != nil {
			unreadable = errors.Join(unreadable, err)
			continue
		}
		verdict, err := verifier.Verify(ctx, Request{Signature: signature, Content: content, At: files.At})
		if err != nil {
			return verdicts, errors.Join(unreadable, err)
		}
		verdicts = append(verdicts, fileVerdict(file, verdict, files.Language))
	}
	return verdicts, unreadable
}

// verifier loads trust and lists into a Local.
func (f Files) verifier() (*Local, error) {
	store := NewStore()
	if _, err := store.ImportPath(f.Roots); err != nil {
		return nil, err
	}
	if f.Intermediates != "" {
		if _, err := store.ImportIntermediates(f.Intermediates); err != nil {
			return nil, err
		}
	}
	revocations := NewRevocations(RevocationDeps{Trust: store})
	if f.CRLs != "" {
		if err := revocations.AddPath(f.CRLs); err != nil {
			return nil, err
		}
	}
	return NewLocal(Deps{Trust: store, Revocations: revocations, Policy: f.Policy})
}

// AddPath takes in the revocation lists of a file or folder. Files of a folder
// that are no lists are passed over.
func (r *Revocations) AddPath(path string) error {
	return eachBlock(path, "X509 CRL", func(_ string, raw []byte) error {
		list, fault := pki.ParseCRL(raw)
		if fault != nil {
			return fault
		}
		r.Add(list)
		return nil
	})
}

// readBounded reads at most limit bytes; a longer file is judged by its beginning,
// which is already too long.
func readBounded(file string, limit int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	return data, nil
}

func fileVerdict(file string, v Verdict, language string) FileVerdict {
	out := FileVerdict{File: file, Accepted: v.Accepted, Code: v.Code, Verdict: v}
	if v.Subject != nil {
		out.Subject = *v.Subject
	}
	for _, check := range v.Checks {
		out.Checks = append(out.Checks, FileCheck{check.Name, check.Status, check.Code, check.Text(language)})
	}
	return out
}

// WriteJSON writes one line for each verdict.
func WriteJSON(w io.Writer, verdicts []FileVerdict) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for _, verdict := range verdicts {
		if err := encoder.Encode(verdict); err != nil {
			return err
		}
	}
	return nil
}

// WriteText writes the verdicts for a person: a line for the file, one for each
// check.
func WriteText(w io.Writer, verdicts []FileVerdict, language string) error {
	marks := map[Status]string{Passed: "+", Failed: "-", Warned: "!", Skipped: " "}
	for _, verdict := range verdicts {
		if _, err := fmt.Fprintf(w, "%s: %s\n", verdict.File, Text(verdict.Code, language)); err != nil {
			return err
		}
		for _, check := range verdict.Checks {
			if _, err := fmt.Fprintf(w, "  %s %-13s %s\n", marks[check.Status], check.Name, check.Text); err != nil {
				return err
			}
		}
	}
	return nil
}

// AllAccepted reports whether every signature was accepted: the command's exit
// status is 0 then, and 1 otherwise.
func AllAccepted(verdicts []FileVerdict) bool {
	for _, verdict := range verdicts {
		if !verdict.Accepted {
			return false
		}
	}
	return len(verdicts) > 0
}
