package outbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"propusk/storage/jobs"
)

// Gateway is an SMS gateway that takes messages by HTTP: POST URL with the JSON
// object {"id", "from", "to", "text"}, "Authorization: Bearer Token" and
// "Idempotency-Key: id". Any 2xx is success, and one with the JSON object
// {"state": "delivered"} says that the message reached the addressee; 408, 425,
// 429 and 5xx are tried again; other answers are final.
type Gateway struct {
	URL   string // https; http is for tests and gateways on this machine
	Token string // sent as the bearer token; empty sends none
	From  string // the sender's name as registered with the operator
	// Transport replaces http.DefaultTransport, for a client certificate or a proxy.
	Transport http.RoundTripper
}

// gatewayTimeout bounds one delivery.
const gatewayTimeout = 15 * time.Second

type gateway struct {
	Gateway
	client *http.Client
}

// NewGateway returns the channel.
func NewGateway(g Gateway) Channel {
	return &gateway{Gateway: g, client: &http.Client{
		Timeout: gatewayTimeout, Transport: g.Transport,
		// A redirect would carry the token and the code elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Deliver implements Channel.
func (g *gateway) Deliver(ctx context.Context, m Message) error {
	_, err := g.DeliverConfirmed(ctx, m)
	return err
}

// DeliverConfirmed implements Confirming.
func (g *gateway) DeliverConfirmed(ctx context.Context, m Message) (reached bool, err error) {
	req, err := g.request(ctx, m)
	if err != nil {
		return false, jobs.Permanent(fmt.Errorf("gateway: %w", err))
	}
	resp, err := g.client.Do(req)
	if err != nil {
		return false, fmt.Errorf("gateway: %w", err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 4096)) // read so that the connection is used again
	var word struct {
		State State `json:"state"`
	}
	reached = json.Unmarshal(body, &word) == nil && word.State == Delivered
	return reached, gatewayAnswer(resp.StatusCode)
}

func (g *gateway) request(ctx context.Context, m Message) (*http.Request, error) {
	body, err := json.Marshal(map[string]string{"id": m.ID, "from": g.From, "to": m.To, "text": m.Text})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", m.ID)
	if g.Token != "" {
		req.Header.Set("Authorization", "Bearer "+g.Token)
	}
	return req, nil
}

func gatewayAnswer(status int) error {
	if status >= 200 && status < 300 {
		return nil
	}
	err := fmt.Errorf("gateway: status %d", status)
	switch {
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests:
		return err
	}
	return jobs.Permanent(err)
}
