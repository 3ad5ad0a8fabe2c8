package authority

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"propusk/cabinet/authority/httpsig"
	"propusk/storage"
)

const (
	// sendTimeout bounds one exchange with a body.
	sendTimeout = 30 * time.Second
	// atATime bounds the submissions on their way to one body from one node, so that
	// a slow one leaves workers to the others.
	atATime = 2
	// receiptLimit bounds what a body may answer to a submission.
	receiptLimit = 64 << 10
)

// Receipt is what a body answers when it has taken a submission.
type Receipt struct {
	ID         string       `json:"id"` // the submission's
	Number     string       `json:"number,omitempty"`
	ReceivedAt storage.Time `json:"received_at"`
	Repeated   bool         `json:"repeated,omitempty"` // it had it already
}

// peer is a body with what a node knows of it.
type peer struct {
	Body
	breaker *breaker
	turns   chan struct{}
	client  *http.Client
	signer  *httpsig.Signer
	now     func() time.Time
}

func newPeer(b Body, deps Deps) *peer {
	return &peer{
		Body: b, breaker: &breaker{now: deps.Now}, turns: make(chan struct{}, atATime),
		client: newClient(deps.Transport), signer: deps.Signer, now: deps.Now,
	}
}

// newClient follows no redirect: what was signed for one address is not for another.
func newClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Timeout: sendTimeout, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// key finds one of the body's keys.
func (p *peer) key(id string) (httpsig.Public, bool) {
	for _, k := range p.Keys {
		if k.ID == id {
			return k, true
		}
	}
	return httpsig.Public{}, false
}

// trouble is why a body did not take something.
type trouble struct {
	err     error
	final   bool          // no repetition will help
	healthy bool          // the body works: it has understood and said no
	after   time.Duration // it asked not to be asked again before; 0 = it did not
}

func (t *trouble) Error() string { return t.err.Error() }
func (t *trouble) Unwrap() error { return t.err }

// send gives the submission to the body, which recognises a repeat by its id.
func (p *peer) send(ctx context.Context, s Submission) (receipt Receipt, proof *Proof, err error) {
	body, err := json.Marshal(s)
	if err != nil {
		return receipt, nil, &trouble{err: fmt.Errorf("authority: encode the submission: %w", err), final: true, healthy: true}
	}
	answer, proof, err := p.exchange(ctx, http.MethodPost, "/submissions", body, receiptLimit)
	if err != nil {
		return receipt, nil, err
	}
	if err := json.Unmarshal(answer, &receipt); err != nil || receipt.ID != s.ID {
		return Receipt{}, nil, &trouble{err: errors.New("authority: the body's receipt is not one for this submission")}
	}
	return receipt, proof, nil
}

// ask makes one signed request and gives the body of a 2xx answer whose signature
// is the body's; everything else is a *trouble.
func (p *peer) ask(ctx context.Context, method, path string, body []byte, limit int64) ([]byte, error) {
	answer, _, err := p.exchange(ctx, method, path, body, limit)
	return answer, err
}

// exchange is ask with the proof of what was answered.
func (p *peer) exchange(ctx context.Context, method, path string, body []byte, limit int64) ([]byte, *Proof, error) {
	req, err := http.NewRequestWithContext(ctx, method, p.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, &trouble{err: fmt.Errorf("authority: %w", err), final: true}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if err := p.signer.SignRequest(req, body, p.now()); err != nil {
		return nil, nil, &trouble{err: err}
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, nil, &trouble{err: fmt.Errorf("authority: ask %s: %w", p.Name, err)}
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, nil, &trouble{err: fmt.Errorf("authority: read the answer of %s: %w", p.Name, err)}
	}
	if int64(len(answer)) > limit {
		return nil, nil, &trouble{err: fmt.Errorf("authority: %s answered more than %d bytes", p.Name, limit)}
	}
	if err := p.judge(req, resp, answer); err != nil {
		return nil, nil, err
	}
	return answer, newProof(req, resp, answer), nil
}

// judge says what an answer is worth. A 2xx one and "there is no such thing" must be
// signed; another refusal that a proxy made up ends in a dead letter at worst, which
// operators see.
func (p *peer) judge(req *http.Request, resp *http.Response, answer []byte) error {
	_, forged := httpsig.Verifier{Key: p.key, Now: p.now}.Response(resp, answer, req)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		t := refusal(p.Name, resp, answer)
		if resp.StatusCode == http.StatusNotFound && forged == nil {
			t.err, t.healthy = fmt.Errorf("%w (%w)", t.err, storage.ErrNotFound), true
		}
		return t
	}
	if forged != nil {
		return &trouble{err: fmt.Errorf("authority: the answer of %s: %w", p.Name, forged)}
	}
	return nil
}

// refusal reads an answer that is no success.
func refusal(name string, resp *http.Response, answer []byte) *trouble {
	t := &trouble{err: fmt.Errorf("authority: %s answered %d%s", name, resp.StatusCode, reason(answer))}
	switch resp.StatusCode {
	case http.StatusBadRequest, http.StatusConflict, http.StatusGone, http.StatusRequestEntityTooLarge,
		http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		t.final, t.healthy = true, true
	case http.StatusTooManyRequests:
		t.healthy = true
	}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		t.after = min(time.Duration(seconds)*time.Second, time.Hour)
	}
	return t
}

// reason is what a problem (RFC 9457) says, bounded.
func reason(answer []byte) string {
	var problem struct {
		Title, Detail string
	}
	if json.Unmarshal(answer, &problem) != nil || problem.Title+problem.Detail == "" {
		return ""
	}
	text := problem.Title + " " + problem.Detail
	if runes := []rune(text); len(runes) > 300 {
		text = string(runes[:300]) + "…"
	}
	return ": " + text
}
