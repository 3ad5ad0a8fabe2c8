package journal

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/go-jose/go-jose/v4"

	"propusk/storage"
)

// Report says what a check of a chain found. The chain is whole when OK.
type Report struct {
	Organisation string       `json:"organisation"`
	Entries      int64        `json:"entries"`
	From, To     storage.Time `json:"-"`
	Head         string       `json:"head"`             // the last entry's hash
	KeyID        string       `json:"key_id,omitempty"` // who signed the checkpoint
	Problems     []Problem    `json:"problems"`         // the first maxProblems
}

// Problem is one thing wrong, at the entry with Seq (0: not at an entry).
type Problem struct {
	Seq  int64  `json:"seq"`
	Code string `json:"code"` // hash, link, gap, organisation, head, checkpoint, signature, syntax
	Text string `json:"text"`
}

// maxProblems bounds a report: a chain that is broken everywhere is said so once.
const maxProblems = 100

// OK reports whether nothing is wrong.
func (r *Report) OK() bool { return len(r.Problems) == 0 }

func (r *Report) problem(seq int64, code, format string, args ...any) {
	if len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, Problem{Seq: seq, Code: code, Text: fmt.Sprintf(format, args...)})
	}
}

// chain follows entries in their order.
type chain struct {
	Report
	seq int64
}

// follow checks that e is what it says and stands where it should.
func (c *chain) follow(e *Entry) {
	if c.Entries == 0 {
		c.From = e.At
	}
	if e.Organisation != c.Organisation {
		c.problem(e.Seq, "organisation", "the entry belongs to another chain, %q", e.Organisation)
	}
	if e.Seq != c.seq+1 {
		c.problem(e.Seq, "gap", "entry %d follows entry %d", e.Seq, c.seq)
	}
	if e.Prev != c.Head {
		c.problem(e.Seq, "link", "the entry does not name the hash of the entry before")
	}
	if e.digest() != e.Hash {
		c.problem(e.Seq, "hash", "the entry has been changed")
	}
	c.Entries, c.seq, c.Head, c.To = c.Entries+1, e.Seq, e.Hash, e.At
}

// Checkpoint is the signed statement of where a chain stood. Every export ends
// with one; a later export that does not contain its entry was tampered with.
type Checkpoint struct {
	Organisation string       `json:"organisation"`
	Seq          int64        `json:"seq"`
	Hash         string       `json:"hash"`
	At           storage.Time `json:"at"`
}

// CheckpointType is the typ of a checkpoint's JWS: the keys that sign it sign
// tokens too, and neither may pass for the other (RFC 8725 §3.11).
const CheckpointType = "propusk-checkpoint+jws"

// Sign signs a checkpoint as a compact JWS (RFC 7515 §7.1) with kid and
// CheckpointType in its header.
type Sign func(ctx context.Context, payload []byte) (jws string, err error)

// line is a line of an export: an entry, or the checkpoint at the end.
type line struct {
	Entry      *Entry      `json:"entry,omitempty"`
	Checkpoint *Checkpoint `json:"checkpoint,omitempty"`
	JWS        string      `json:"jws,omitempty"`
}

// page is how many entries are read at a time.
const page = 500

// Export writes the whole chain as JSON lines, oldest first, and a signed
// checkpoint. Entries appended meanwhile are left for the next export.
func (j *Journal) Export(ctx context.Context, organisation string, w io.Writer, sign Sign) error {
	head, err := j.head(ctx, organisation)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	err = j.walk(ctx, head, func(e *Entry) error { return enc.Encode(line{Entry: e}) })
	if err != nil {
		return fmt.Errorf("journal: export: %w", err)
	}
	head.At = storage.Of(j.now())
	payload, err := json.Marshal(head)
	if err != nil {
		return fmt.Errorf("journal: export: %w", err)
	}
	jws, err := sign(ctx, payload)
	if err != nil {
		return fmt.Errorf("journal: sign checkpoint: %w", err)
	}
	if err := enc.Encode(line{Checkpoint: &head, JWS: jws}); err != nil {
		return fmt.Errorf("journal: export: %w", err)
	}
	return out.Flush()
}

// Check verifies the chain in the database. The error is of the reading; what is
// wrong with the chain stands in the report.
func (j *Journal) Check(ctx context.Context, organisation string) (Report, error) {
	last, err := j.last(ctx, organisation) // before the head: what is appended between does not count
	if err != nil {
		return Report{}, err
	}
	head, err := j.head(ctx, organisation)
	if err != nil {
		return Report{}, err
	}
	c := chain{Report: Report{Organisation: organisation}}
	if err := j.walk(ctx, head, func(e *Entry) error { c.follow(e); return nil }); err != nil {
		return Report{}, err
	}
	c.ends(head)
	if last > head.Seq {
		c.problem(last, "head", "there are entries after the end of the chain, entry %d", head.Seq)
	}
	return c.Report, nil
}

// last is the greatest seq of the chain's entries.
func (j *Journal) last(ctx context.Context, organisation string) (seq int64, err error) {
	err = j.db.Get(ctx, &seq, `SELECT COALESCE(MAX(seq), 0) FROM journal WHERE organisation = $1`, organisation)
	if err != nil {
		return 0, fmt.Errorf("journal: read end: %w", err)
	}
	return seq, nil
}

// ends checks that the chain ends where the head says.
func (c *chain) ends(head Checkpoint) {
	if c.seq != head.Seq || c.Head != head.Hash {
		c.problem(c.seq, "head", "the chain ends at entry %d, but should at entry %d with hash %s", c.seq, head.Seq, head.Hash)
	}
}

// head is where the chain stands; the zero place for a chain without entries.
func (j *Journal) head(ctx context.Context, organisation string) (Checkpoint, error) {
	head := Checkpoint{Organisation: organisation}
	err := j.db.Get(ctx, &head, `SELECT organisation, seq, hash FROM journal_chains WHERE organisation = $1`, organisation)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return head, fmt.Errorf("journal: read head: %w", err)
	}
	return head, nil
}

// walk visits the entries up to head in their order, a page at a time.
func (j *Journal) walk(ctx context.Context, head Checkpoint, visit func(*Entry) error) error {
	for seq := int64(0); ; {
		entries, err := j.after(ctx, head.Organisation, seq, head.Seq, page)
		if err != nil || len(entries) == 0 {
			return err
		}
		for i := range entries {
			if err := visit(&entries[i]); err != nil {
				return err
			}
		}
		seq = entries[len(entries)-1].Seq
	}
}

// maxLine bounds a line of an export, in bytes.
const maxLine = 1 << 20

// Verify checks an export: every entry's hash, that each names the one before,
// that none is missing, and that the checkpoint at the end fits and is signed by
// a key of jwks (a JWK set, RFC 7517 §5). The error is of the reading; what is
// wrong stands in the report.
func Verify(r io.Reader, jwks []byte) (Report, error) {
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal(jwks, &keys); err != nil {
		return Report{}, fmt.Errorf("journal: key set: %w", err)
	}
	c, number, last := chain{}, int64(0), (*line)(nil)
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		number++
		if last != nil {
			c.problem(0, "checkpoint", "line %d follows the checkpoint", number)
			break
		}
		last = c.line(number, lines.Bytes())
	}
	if err := lines.Err(); err != nil {
		return Report{}, fmt.Errorf("journal: read export: %w", err)
	}
	if last == nil {
		c.problem(0, "checkpoint", "the export does not end with a checkpoint")
		return c.Report, nil
	}
	c.checkpoint(last, &keys)
	return c.Report, nil
}

// line reads one line and returns it when it is the checkpoint.
func (c *chain) line(number int64, text []byte) *line {
	var l line
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	err := dec.Decode(&l)
	switch {
	case err != nil || dec.More() || (l.Entry == nil) == (l.Checkpoint == nil):
		c.problem(0, "syntax", "line %d is neither an entry nor a checkpoint", number)
	case l.Checkpoint != nil:
		return &l
	default:
		if c.Entries == 0 {
			c.Organisation = l.Entry.Organisation
		}
		c.follow(l.Entry)
	}
	return nil
}

// checkpointAlgs are the signatures taken; none of them is symmetric or "none".
var checkpointAlgs = []jose.SignatureAlgorithm{jose.ES256, jose.ES384, jose.RS256, jose.PS256, jose.EdDSA}

// checkpoint verifies the last line.
func (c *chain) checkpoint(l *line, keys *jose.JSONWebKeySet) {
	if c.Entries == 0 {
		c.Organisation = l.Checkpoint.Organisation
	}
	if l.Checkpoint.Organisation != c.Organisation {
		c.problem(0, "organisation", "the checkpoint belongs to another chain, %q", l.Checkpoint.Organisation)
	}
	c.ends(*l.Checkpoint)
	jws, err := jose.ParseSignedCompact(l.JWS, checkpointAlgs)
	if err != nil {
		c.problem(0, "signature", "the checkpoint's signature cannot be read")
		return
	}
	if typ, _ := jws.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string); typ != CheckpointType {
		c.problem(0, "signature", "the signature is not of a checkpoint")
		return
	}
	payload, err := verifySignature(jws, keys)
	if err != nil {
		c.problem(0, "signature", "the checkpoint's signature is not good: %v", err)
		return
	}
	var signed Checkpoint
	if err := json.Unmarshal(payload, &signed); err != nil || signed != *l.Checkpoint {
		c.problem(0, "checkpoint", "the checkpoint is not the one that was signed")
	}
	c.KeyID = jws.Signatures[0].Header.KeyID
}

func verifySignature(jws *jose.JSONWebSignature, keys *jose.JSONWebKeySet) ([]byte, error) {
	header := jws.Signatures[0].Header
	for _, key := range keys.Key(header.KeyID) {
		if key.IsPublic() && (key.Algorithm == "" || key.Algorithm == header.Algorithm) {
			return jws.Verify(key)
		}
	}
	return nil, fmt.Errorf("no key %q for %s in the key set", header.KeyID, header.Algorithm)
}
