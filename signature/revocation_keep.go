package signature

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"propusk/signature/pki"
)

// Kept is what outlives a process of one address: the last good list from there,
// and how asking for it goes.
type Kept struct {
	// Address is where the list is fetched from, or "import:" and its Line for a
	// list that an operator brought.
	Address  string    `json:"address"`
	List     []byte    `json:"list,omitempty"` // DER; empty while none was good
	ETag     string    `json:"etag,omitempty"`
	Modified string    `json:"modified,omitempty"` // Last-Modified, as it came
	Tried    time.Time `json:"tried,omitzero"`
	Due      time.Time `json:"due,omitzero"`
	Failures int       `json:"failures,omitempty"` // in a row
	Fault    string    `json:"fault,omitempty"`    // of the last try
}

// imported begins the address of a list that was brought and not fetched.
const imported = "import:"

// Imported reports whether an operator brought the list.
func (k Kept) Imported() bool { return strings.HasPrefix(k.Address, imported) }

// Keeper keeps lists over a restart. Folder is one on disk; a cluster keeps them in
// its database, and gives what another node kept to Take.
type Keeper interface {
	// Keep keeps what an address gave now, in place of what it gave before.
	Keep(ctx context.Context, kept Kept) error
	// Kept returns everything that is kept.
	Kept(ctx context.Context) ([]Kept, error)
}

func (r *Revocations) keep(ctx context.Context, address string, s source) error {
	if r.deps.Keeper == nil {
		return nil
	}
	kept := Kept{
		Address: address, ETag: s.etag, Modified: s.modified,
		Tried: s.tried, Due: s.due, Failures: s.failures, Fault: s.fault,
	}
	if s.held != nil {
		kept.List = s.held.Raw
	}
	return r.deps.Keeper.Keep(ctx, kept)
}

// Restore takes in what the Keeper kept. What it refuses is told in the log, and
// fetched again like an address that never answered.
func (r *Revocations) Restore(ctx context.Context) {
	if r.deps.Keeper == nil || r.deps.Trust == nil {
		return
	}
	all, err := r.deps.Keeper.Kept(ctx)
	if err != nil {
		r.deps.Log.WarnContext(ctx, "kept revocation lists cannot be read", "error", err)
	}
	for _, kept := range all {
		if err := r.Take(kept); err != nil {
			r.deps.Log.WarnContext(ctx, "kept revocation list refused", "address", kept.Address, "error", err)
		}
	}
}

// Take takes in what a Keeper kept, here or on another node, and trusts it no more
// than the network: a list must be signed by the authority that the address is
// configured for (an imported one by any that is trusted), and not go back behind
// the one held. A stale one is taken too, so that a rollback is noticed and the
// reason for a refusal is told. The error is a *Fault.
func (r *Revocations) Take(kept Kept) error {
	s := source{
		etag: kept.ETag, modified: kept.Modified,
		tried: kept.Tried, due: kept.Due, failures: kept.Failures, fault: kept.Fault,
	}
	if len(kept.List) > 0 {
		list, fault := pki.ParseCRL(kept.List)
		if fault != nil {
			return fault
		}
		s.held = &heldList{CRL: list, address: kept.Address}
	}
	authority, fault := r.answerable(kept, s.held)
	if fault != nil {
		return fault
	}
	s.authority = authority.Name
	if known := r.sourceAt(kept.Address); s.held != nil && known.held != nil && older(s.held.CRL, known.held.CRL) {
		return rollback(s.held.CRL, known.held.CRL)
	}
	r.put(kept.Address, s)
	return nil
}

// answerable finds the authority whose list it is, or should be.
func (r *Revocations) answerable(kept Kept, held *heldList) (Authority, *Fault) {
	if kept.Imported() {
		if held == nil {
			return Authority{}, faultf(CRLMissing, "an import without a list")
		}
		return r.deps.Trust.Signer(held.CRL)
	}
	authority, ok := r.deps.Trust.state.Load().asksAt(kept.Address)
	if !ok {
		return Authority{}, faultf(CRLMissing, "%s is not configured for any authority", kept.Address)
	}
	if held == nil {
		return *authority, nil
	}
	return *authority, r.signedBy(*authority, held.CRL)
}

func (r *Revocations) sourceAt(address string) source {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if known := r.sources[address]; known != nil {
		return *known
	}
	return source{}
}

// Forget drops an address and the list from there.
func (r *Revocations) Forget(address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.sources[address]; s != nil && s.held != nil {
		key := string(s.held.RawIssuer)
		r.lists[key] = withoutAddress(r.lists[key], address)
	}
	delete(r.sources, address)
}

// ReadLists reads the revocation lists of a file or folder and says which trusted
// authority each is of; refused are those that none has signed. Files of a folder
// that are no lists are passed over. The error is an unreadable path, or one
// without any list.
func (s *Store) ReadLists(path string) ([]Kept, Report, error) {
	var all []Kept
	var report Report
	found := 0
	err := eachBlock(path, "X509 CRL", func(place string, raw []byte) error {
		list, fault := pki.ParseCRL(raw)
		if fault != nil {
			return fault
		}
		found++
		if _, fault := s.Signer(list); fault != nil {
			report.refuse(place, fault)
			return nil
		}
		all = append(all, Kept{Address: imported + list.Line(), List: list.Raw})
		return nil
	})
	if err == nil && found == 0 {
		err = fmt.Errorf("signature: no revocation list in %s", path)
	}
	return all, report, err
}

// Folder is a Keeper that writes one file for each address into a folder.
type Folder string

var _ Keeper = Folder("")

// Keep writes the file whole or not at all.
func (f Folder) Keep(_ context.Context, kept Kept) error {
	data, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("signature: keep the list: %w", err)
	}
	file, err := os.CreateTemp(string(f), "list-*")
	if err != nil {
		return fmt.Errorf("signature: keep the list: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }() // gone already when all went well
	_, err = file.Write(data)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("signature: keep the list: %w", err)
	}
	sum := sha256.Sum256([]byte(kept.Address))
	if err := os.Rename(file.Name(), filepath.Join(string(f), hex.EncodeToString(sum[:16])+".json")); err != nil {
		return fmt.Errorf("signature: keep the list: %w", err)
	}
	return nil
}

// Kept reads every file; those that cannot be read are in the error, beside the
// others.
func (f Folder) Kept(context.Context) (all []Kept, err error) {
	files, _ := filepath.Glob(filepath.Join(string(f), "*.json")) // the pattern is a good one
	for _, file := range files {
		data, fault := os.ReadFile(file)
		var kept Kept
		if fault = cmp.Or(fault, json.Unmarshal(data, &kept)); fault != nil {
			err = errors.Join(err, fmt.Errorf("signature: kept list %s: %w", file, fault))
			continue
		}
		all = append(all, kept)
	}
	return all, err
}
