package authority

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"propusk/storage"
	"propusk/storage/jobs"
)

// answerLimit bounds one answer on the wire, in bytes.
const answerLimit = 32 << 20

var (
	// errAnswer: what came is no answer in the form of docs/authority.md.
	errAnswer = errors.New("authority: not an answer")
	// errChanged: the same id came before with another content.
	errChanged = errors.New("authority: another answer came under this id before")
)

// parseAnswer reads and checks an answer. Fields that are not known are left alone,
// so that bodies may say more than this version understands.
func parseAnswer(raw []byte) (Answer, error) {
	var a Answer
	if !utf8.Valid(raw) || bytes.Contains(raw, []byte(`\u0000`)) {
		return Answer{}, fmt.Errorf("%w: its texts must be UTF-8 without NUL", errAnswer)
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return Answer{}, fmt.Errorf("%w: it is not the JSON of one", errAnswer)
	}
	return a, a.check()
}

// check holds an answer against its form. It returns errAnswer with the reason.
func (a Answer) check() error {
	why := ""
	switch {
	case a.ID == "" || len(a.ID) > 128:
		why = "id must have 1 to 128 bytes"
	case !slices.Contains(Events(), a.Event):
		why = "event is not one of those known"
	case a.SubmissionID == "" && !unasked[a.Event]:
		why = "only a requirement or a message comes without submission_id"
	case a.SubmissionID == "" && a.INN == "" && a.OGRN == "":
		why = "inn or ogrn must say whom it is for"
	case a.Seq < 0 || a.Seq > 1_000_000 || (a.SubmissionID == "" && a.Seq != 0):
		why = "seq counts from 1 within a submission"
	case a.At.IsZero():
		why = "at must say when"
	case len(a.SubmissionID) > 128 || len(a.Number) > 128 || len(a.Subject) > 2_000 || len(a.Text) > 100_000 || len(a.Source) > 1_000:
		why = "a text is too long"
	case len(a.Files) > 20 || len(a.Faults) > 10_000 || len(a.Fields) > 1_000:
		why = "there are too many files, faults or fields"
	}
	for _, f := range a.Files {
		if !fileName(f.Name) {
			why = "a file's name must be one, without folders, at most 255 bytes"
		}
	}
	if why != "" {
		return fmt.Errorf("%w: %s", errAnswer, why)
	}
	return nil
}

// fileName refuses names that could mean another place when they are saved.
func fileName(name string) bool {
	return name != "" && len(name) <= 255 && utf8.ValidString(name) && path.Base(name) == name && name != "." && name != ".." &&
		!strings.ContainsAny(name, "\\\x00\r\n")
}

// take stores an answer of the body, once for its id, and asks for it to be
// handled. What cannot be handled at all is stored as a dead letter: the body has
// done its part.
func (g *Gateway) take(ctx context.Context, body string, raw []byte, a Answer) (repeated bool, err error) {
	sum := sha256.Sum256(raw)
	digest := hex.EncodeToString(sum[:])
	err = g.DB.Tx(ctx, func(ctx context.Context) error {
		repeated, err = g.store(ctx, body, digest, raw, a)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("authority: take an answer: %w", err)
	}
	return repeated, nil
}

func (g *Gateway) store(ctx context.Context, body, digest string, raw []byte, a Answer) (repeated bool, err error) {
	state, fault, err := g.place(ctx, body, a)
	if err != nil {
		return false, err
	}
	id, now := storage.NewID(), storage.Of(g.Now())
	n, err := g.DB.Exec(ctx, `
		INSERT INTO authority_answers (id, body, answer_id, submission_id, seq, event, state, digest, content, attempts, fault, received_at, next_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $11) ON CONFLICT (body, answer_id) DO NOTHING`,
		id, body, a.ID, a.SubmissionID, a.Seq, a.Event, state, digest, string(raw), fault, now)
	if err != nil {
		return false, err
	}
	if n == 0 {
		return true, g.same(ctx, body, a.ID, digest)
	}
	if state == Dead {
		g.Log.WarnContext(ctx, "an answer cannot be handled", "body", body, "answer", a.ID, "event", a.Event, "fault", fault)
		return false, nil
	}
	return false, enqueueAnswer(ctx, g.DB, id, 0, 0)
}

// place says where an answer stands before anybody has looked at its content.
func (g *Gateway) place(ctx context.Context, body string, a Answer) (state, fault string, err error) {
	if a.SubmissionID == "" {
		return waiting, "", nil
	}
	row, err := g.submission(ctx, a.SubmissionID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return Dead, "there is no such submission", nil
	case err != nil:
		return "", "", err
	case row.Body != body:
		return Dead, "the submission went to another body", nil
	case a.Seq != 0 && a.Seq < row.NextSeq:
		return Dead, fmt.Sprintf("another answer came as number %d", a.Seq), nil
	}
	return waiting, "", nil
}

// same refuses a repeat that says something else.
func (g *Gateway) same(ctx context.Context, body, answerID, digest string) error {
	var before string
	err := g.DB.Get(ctx, &before, `SELECT digest FROM authority_answers WHERE body = $1 AND answer_id = $2`, body, answerID)
	if err == nil && before != digest {
		return errChanged
	}
	return err
}

func enqueueAnswer(ctx context.Context, db *storage.DB, id string, attempts int, at storage.Time) error {
	return jobs.Enqueue(ctx, db, jobAnswer, id, jobs.Options{RunAt: at.Time(), Unique: fmt.Sprintf("%s/%d", id, attempts)})
}
