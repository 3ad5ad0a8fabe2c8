package power

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"propusk/cabinet/power/emchd"
	"propusk/signature"
	"propusk/storage"
	"propusk/storage/file"
)

var errNotFound = storage.ErrNotFound

// validation is how the check of a power ended.
type validation struct {
	Status    emchd.Status       `json:"status"`
	Faults    []emchd.Fault      `json:"faults,omitempty"`
	Signature *signature.Verdict `json:"signature,omitempty"`
}

// papers is what a power rests on.
type papers struct {
	PowerID        string                   `db:"power_id"`
	OrganisationID string                   `db:"organisation_id"` // whose files they are
	DocumentID     string                   `db:"document_id"`
	SignatureID    string                   `db:"signature_id"` // "" = none
	Verdict        storage.JSON[validation] `db:"verdict"`
	Sealed         []byte                   `db:"sealed"` // requisites; empty = none
	UpdatedAt      storage.Time             `db:"updated_at"`
}

const papersNames = `power_id, organisation_id, document_id, signature_id, verdict, sealed, updated_at`

// owner names a power to the store of files.
func owner(powerID string) string { return "power/" + powerID }

// keepPapers writes the papers of a power, in the transaction of ctx.
func (p *Powers) keepPapers(ctx context.Context, k papers) error {
	k.UpdatedAt = p.time()
	if k.Sealed == nil {
		k.Sealed = []byte{}
	}
	_, err := p.DB.Exec(ctx, `INSERT INTO power_papers (`+papersNames+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (power_id) DO UPDATE SET signature_id = excluded.signature_id, verdict = excluded.verdict, updated_at = excluded.updated_at`,
		k.PowerID, k.OrganisationID, k.DocumentID, k.SignatureID, k.Verdict, k.Sealed, k.UpdatedAt)
	if err != nil {
		return fmt.Errorf("power: keep papers: %w", err)
	}
	ids := []string{k.DocumentID}
	if k.SignatureID != "" {
		ids = append(ids, k.SignatureID)
	}
	return p.Files.Keep(ctx, k.OrganisationID, owner(k.PowerID), ids...)
}

// papersOf reads the papers of a power; a power that was entered from the command
// line has none.
func (p *Powers) papersOf(ctx context.Context, powerID string) (papers, error) {
	var k papers
	err := p.DB.Get(ctx, &k, `SELECT `+papersNames+` FROM power_papers WHERE power_id = $1`, powerID)
	if errors.Is(err, storage.ErrNotFound) {
		return papers{PowerID: powerID}, nil
	}
	if err != nil {
		return papers{}, fmt.Errorf("power: papers: %w", err)
	}
	return k, nil
}

// The largest papers, in bytes.
const (
	maxDocument = 10 << 20
	scans       = file.PDF | file.JPEG | file.PNG
)

// save stores the bytes of a paper, loose until they are kept.
func (p *Powers) save(ctx context.Context, organisationID, name string, kinds file.Kinds, content []byte) (file.File, error) {
	return p.Files.Save(ctx, organisationID, name, kinds, maxDocument, bytes.NewReader(content))
}

func (p *Powers) read(ctx context.Context, organisationID, id string) (file.File, []byte, error) {
	f, r, err := p.Files.Open(ctx, organisationID, id)
	if err != nil {
		return file.File{}, nil, err
	}
	defer func() { _ = r.Close() }() // it was only read
	content, err := io.ReadAll(r)
	return f, content, err
}

// requisites are typed beside a paper: who the people in it are, and the notary.
// They are kept under seal.
type requisites struct {
	Principal      *identity `json:"principal_identity,omitempty"`
	Representative *identity `json:"representative_identity,omitempty"`
	Notary         *notary   `json:"notary,omitempty"`
	DocumentNumber string    `json:"document_number,omitempty"` // as the paper itself is numbered
}

// identity is an identity document, with its owner's name (A7 159).
type identity struct {
	FullName string `json:"full_name"`
	Document string `json:"document"`  // series and number
	IssuedOn string `json:"issued_on"` // 2006-01-02
	IssuedBy string `json:"issued_by"`
}

// notary is who certified a notarial power.
type notary struct {
	Name           string `json:"name"`
	RegistryNumber string `json:"registry_number"`
	Date           string `json:"date"` // 2006-01-02
}

func (p *Powers) seal(powerID string, r requisites) ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("power: encode requisites: %w", err)
	}
	return p.Sealer.Seal(text, owner(powerID)), nil
}

func (p *Powers) unseal(k papers) (*requisites, error) {
	if len(k.Sealed) == 0 {
		return nil, nil
	}
	text, err := p.Sealer.Open(k.Sealed, owner(k.PowerID))
	if err != nil {
		return nil, fmt.Errorf("power: open requisites: %w", err)
	}
	r := new(requisites)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("power: decode requisites: %w", err)
	}
	return r, nil
}
