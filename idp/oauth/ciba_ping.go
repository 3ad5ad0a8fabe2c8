package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"propusk/storage"
	"propusk/storage/jobs"
)

// The ping (CIBA §10.2): the client is told that there is something to fetch, by a
// job of the decision's transaction, so that it is neither lost nor sent for a
// decision that was not taken. It carries no token: who catches it has nothing.

// pingJob is the kind of those jobs.
const pingJob = "oauth.ciba_ping"

// ping is what the job carries, sealed: two secrets of the client's.
type ping struct {
	RequestID string `json:"auth_req_id"`
	Token     string `json:"client_notification_token"`
}

// pingNotice is the job's payload.
type pingNotice struct {
	ClientID string `json:"client"`
	ID       string `json:"id"`
	Sealed   []byte `json:"sealed"`
}

func pingContext(id string) string { return "oauth/ciba-ping/" + id }

// sealPing keeps with the request what its ping will carry.
func (p *Provider) sealPing(w *Waiting, client *registration, token, code string) error {
	if !client.Pinged() {
		return nil
	}
	plain, err := json.Marshal(ping{RequestID: code, Token: token})
	if err != nil {
		return fmt.Errorf("write a ping: %w", err)
	}
	w.Ping = p.deps.Sealer.Seal(plain, pingContext(w.ID))
	return nil
}

// askPing asks for the ping of a decided request, in the transaction of ctx.
func (p *Provider) askPing(ctx context.Context, w *Waiting) error {
	if len(w.Ping) == 0 {
		return nil
	}
	return jobs.Enqueue(ctx, p.deps.DB, pingJob, pingNotice{w.Request.ClientID, w.ID, w.Ping}, jobs.Options{Unique: w.ID})
}

// sendPing is the job. 200 and 204 mean that it is done; another answer of the
// client's, a redirect included, that it never will be; a failure of the server or
// the network, that it is to be tried again (CIBA §10.2).
func (p *Provider) sendPing(ctx context.Context, job jobs.Job) error {
	var notice pingNotice
	if err := job.Decode(&notice); err != nil {
		return err
	}
	client, err := p.client(ctx, notice.ClientID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && (!client.Active() || !client.Pinged()) {
		return nil // nobody is left to tell
	}
	if err != nil {
		return err
	}
	plain, err := p.deps.Sealer.Open(notice.Sealed, pingContext(notice.ID))
	if err != nil {
		return jobs.Permanent(fmt.Errorf("open a ping: %w", err))
	}
	var what ping
	if err := json.Unmarshal(plain, &what); err != nil {
		return jobs.Permanent(fmt.Errorf("read a ping: %w", err))
	}
	status, err := p.outside.notify(ctx, client.CIBANotificationEndpoint, what)
	switch {
	case err != nil:
		return fmt.Errorf("ping %s: %w", client.ID, err)
	case status == http.StatusOK, status == http.StatusNoContent:
		return nil
	case status < http.StatusInternalServerError && status != http.StatusTooManyRequests:
		return jobs.Permanent(fmt.Errorf("%s answered a ping with %d", client.ID, status))
	default:
		return fmt.Errorf("%s answered a ping with %d", client.ID, status)
	}
}

// notify posts a ping and returns the status of the answer, whose body nobody reads.
func (o outside) notify(ctx context.Context, address string, what ping) (int, error) {
	body, err := json.Marshal(struct {
		RequestID string `json:"auth_req_id"`
	}{what.RequestID})
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+what.Token)
	response, err := o.client.Do(r)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 4<<10)) // so that the connection can be used again
	return response.StatusCode, nil
}
