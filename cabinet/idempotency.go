package cabinet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// idempotency carries out a request with an Idempotency-Key once, however often it
// is sent (draft-ietf-httpapi-idempotency-key-header-07).
//
// The key is claimed in the first transaction of the request, so that it is taken
// exactly when something has changed: of two equal requests at a time one waits
// for the other's commit and then answers as the other did. What failed before it
// changed anything claims nothing and can be sent again.
type idempotency struct {
	db     *storage.DB
	sealer *storage.Sealer
	now    func() time.Time
}

const (
	idempotencyHeader = "Idempotency-Key"
	// idempotencyLife is how long an answer is kept for a repeat.
	idempotencyLife = 72 * time.Hour
	// repeatWait is how long a repeat waits for the answer of a request that has
	// changed something and is not over yet. It may never be: its process may have
	// ended, and whoever waits long is interrupted by the next misfortune.
	repeatWait = 2 * time.Second
	// keepWait is how long a request tries to keep its answer.
	keepWait = 5 * time.Second
	// answerMost bounds an answer that is kept, in bytes.
	answerMost = 1 << 20
)

// errClaimed ends the transaction of a repeat.
var errClaimed = errors.New("cabinet: the idempotency key is taken")

// handle carries out a request, once where it has a key. fail writes an error.
func (k *idempotency) handle(route *api.Route, c api.Call, fail func(error, api.Call)) error {
	key, err := k.key(route, c)
	if err != nil {
		return err
	}
	if key == "" {
		return route.Handle(c)
	}
	attempt := &attempt{idempotency: k, id: k.id(c, key), digest: sha256.New(), request: c.Request()}
	attempt.body = c.Request().Body
	recorder := &recorder{ResponseWriter: c.Response().Writer}
	c.Response().Writer = recorder
	ctx := storage.Opening(c.Ctx(), attempt.claim)
	request := c.Request().WithContext(ctx)
	request.Body = attempt
	c.SetRequest(request)
	err = route.Handle(c)
	switch {
	case attempt.taken:
		return attempt.replay(c)
	case !attempt.claimed:
		return err
	case err != nil:
		fail(err, c)
	}
	if c.Response().Status >= http.StatusInternalServerError {
		return attempt.breakOff(c.Ctx())
	}
	return attempt.keep(c, recorder)
}

// key reads the header; "" when the request is not to be recognised.
func (k *idempotency) key(route *api.Route, c api.Call) (string, error) {
	values := c.Request().Header.Values(idempotencyHeader)
	if !route.Idempotent || len(values) == 0 || k.db == nil {
		return "", nil
	}
	if len(values) > 1 || len(values[0]) == 0 || len(values[0]) > 255 || !api.IsCursor(values[0]) {
		return "", api.Refuse("idempotency_key_invalid")
	}
	return values[0], nil
}

// id says whose key it is: two clients, people or organisations never meet in one.
func (k *idempotency) id(c api.Call, key string) string {
	sum := sha256.New()
	for _, part := range []string{c.Claims.ClientID, c.Claims.Subject, c.Organisation(), key} {
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Sweep forgets the answers whose time is over.
func (s *Server) Sweep(ctx context.Context) error {
	if s.DB == nil {
		return nil
	}
	before := storage.Of(s.Now().Add(-idempotencyLife))
	if _, err := s.DB.Exec(ctx, `DELETE FROM idempotency_keys WHERE created_at < $1`, before); err != nil {
		return fmt.Errorf("cabinet: forget idempotency keys: %w", err)
	}
	return nil
}

// attempt is one request with a key. It is the request's body, so that it knows
// the digest of what was sent.
type attempt struct {
	*idempotency
	id      string
	request *http.Request
	body    io.ReadCloser
	digest  hash.Hash
	claimed bool // this request changes something under the key
	taken   bool // another one has
}

// Read implements io.Reader.
func (a *attempt) Read(p []byte) (int, error) {
	n, err := a.body.Read(p)
	a.digest.Write(p[:n])
	return n, err
}

// Close implements io.Closer.
func (a *attempt) Close() error { return a.body.Close() }

// fingerprint is a digest of the whole request; it reads what the handler left.
func (a *attempt) fingerprint() (string, error) {
	if _, err := io.Copy(io.Discard, a); err != nil {
		return "", fmt.Errorf("cabinet: read the rest of a request: %w", err)
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %s\n%x", a.request.Method, a.request.URL.RequestURI(), a.digest.Sum(nil))
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// brokenOff stands for the status of a request that changed something and then
// failed by a fault of ours. Its answer is not kept: it says to try again, and
// nobody would get beyond it.
const brokenOff = -1

func (a *attempt) breakOff(ctx context.Context) error {
	return a.settle(ctx, "", brokenOff, []byte{})
}

// settle writes what became of the request. A database that is away for a moment is
// waited for: until it is written, repeats can be told nothing.
func (a *attempt) settle(ctx context.Context, fingerprint string, status int, answer []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepWait)
	defer cancel()
	for {
		_, err := a.db.Exec(ctx, `UPDATE idempotency_keys SET request = $1, status = $2, answer = $3 WHERE id = $4`, fingerprint, status, answer, a.id)
		if err == nil {
			return nil
		}
		if !rest(ctx, 200*time.Millisecond) {
			return fmt.Errorf("cabinet: keep an answer: %w", err)
		}
	}
}

// claim takes the key in the request's first transaction.
func (a *attempt) claim(ctx context.Context) error {
	n, err := a.db.Exec(ctx, `INSERT INTO idempotency_keys (id, request, status, answer, created_at)
		VALUES ($1, '', 0, $2, $3) ON CONFLICT (id) DO NOTHING`, a.id, []byte{}, storage.Of(a.now()))
	if err != nil {
		return fmt.Errorf("cabinet: claim an idempotency key: %w", err)
	}
	a.claimed, a.taken = n == 1, n == 0
	if a.taken {
		return errClaimed
	}
	return nil
}

// kept is an answer as it is stored, sealed.
type kept struct {
	Header map[string]string `json:"header"`
	Body   string            `json:"body"`
	Rights reach             `json:"rights"` // with which it was answered
}

// reach is how far a token reaches, as far as an answer can depend on it.
type reach struct {
	Scopes      []string          `json:"scopes"`
	Permissions []string          `json:"permissions"`
	Power       string            `json:"power"` // by which power of attorney; "" = by none
	Details     directory.Details `json:"details"`
}

func reachOf(c *api.Claims) reach {
	r := reach{Scopes: strings.Fields(c.Scope), Permissions: c.Permissions, Details: c.Details}
	if c.Power != nil {
		r.Power = c.Power.ID
	}
	return r
}

// covers reports whether who reaches as far as r now may read what was answered to
// who reached as far as then.
func (r reach) covers(then reach) bool {
	within := func(all, some []string) bool {
		return !slices.ContainsFunc(some, func(one string) bool { return !slices.Contains(all, one) })
	}
	same := func(a, b directory.Details) bool {
		one, err := json.Marshal(a)
		other, second := json.Marshal(b)
		return err == nil && second == nil && bytes.Equal(one, other)
	}
	return within(r.Scopes, then.Scopes) && within(r.Permissions, then.Permissions) &&
		(r.Power == "" || r.Power == then.Power) && (len(r.Details) == 0 || same(r.Details, then.Details))
}

// keptHeaders are what a repeat is told again.
var keptHeaders = []string{"Content-Type", "Content-Language", "ETag", "Location", "Link"}

// keep stores the answer for repeats. When it cannot be kept, the request is
// carried out all the same and a repeat is told so.
func (a *attempt) keep(c api.Call, r *recorder) error {
	fingerprint, err := a.fingerprint()
	if err != nil || r.overflow {
		return nil //nolint:nilerr // the answer has been given; only the repeat will have to look for itself
	}
	answer := kept{Header: map[string]string{}, Body: r.body.String(), Rights: reachOf(c.Claims)}
	for _, name := range keptHeaders {
		if value := c.Response().Header().Get(name); value != "" {
			answer.Header[name] = value
		}
	}
	plain, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("cabinet: keep an answer: %w", err)
	}
	return a.settle(c.Ctx(), fingerprint, c.Response().Status, a.sealer.Seal(plain, "idempotency/"+a.id))
}

// replay answers as the first request was answered, to who still has the rights with
// which it was asked.
func (a *attempt) replay(c api.Call) error {
	fingerprint, err := a.fingerprint()
	if err != nil {
		return api.Refuse("body_malformed").With("reason", "unexpected end").Wrap(err)
	}
	var row struct {
		Request string `db:"request"`
		Status  int    `db:"status"`
		Answer  []byte `db:"answer"`
	}
	for began := time.Now(); ; {
		if err := a.db.Get(c.Ctx(), &row, `SELECT request, status, answer FROM idempotency_keys WHERE id = $1`, a.id); err != nil {
			return fmt.Errorf("cabinet: read an idempotency key: %w", err)
		}
		if row.Status > 0 {
			break
		}
		if row.Status == brokenOff || time.Since(began) >= repeatWait || !rest(c.Ctx(), 50*time.Millisecond) {
			return api.Refuse("idempotency_outcome_unknown")
		}
	}
	if row.Request != fingerprint {
		return api.Refuse("idempotency_key_reused")
	}
	return a.answer(c, row.Status, row.Answer)
}

func (a *attempt) answer(c api.Call, status int, sealed []byte) error {
	plain, err := a.sealer.Open(sealed, "idempotency/"+a.id)
	if err != nil {
		return fmt.Errorf("cabinet: kept answer: %w", err)
	}
	var answer kept
	if err := json.Unmarshal(plain, &answer); err != nil {
		return fmt.Errorf("cabinet: kept answer: %w", err)
	}
	if !reachOf(c.Claims).covers(answer.Rights) {
		return api.Refuse("idempotency_rights_narrowed")
	}
	header := c.Response().Header()
	for name, value := range answer.Header {
		header.Set(name, value)
	}
	header.Set("Idempotent-Replayed", "true")
	c.Response().WriteHeader(status)
	_, _ = c.Response().Write([]byte(answer.Body))
	return nil
}

// rest waits, unless the request ends before.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// recorder keeps what a handler writes, up to answerMost.
type recorder struct {
	http.ResponseWriter
	body     bytes.Buffer
	overflow bool
}

// Write implements io.Writer.
func (r *recorder) Write(p []byte) (int, error) {
	if r.overflow = r.overflow || r.body.Len()+len(p) > answerMost; !r.overflow {
		r.body.Write(p)
	}
	return r.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
