package certificate

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"

	"propusk/signature"
	"propusk/storage"
)

// The sign-in by TLS client certificate crosses two hosts, since a browser asks
// for a certificate by host. What goes across is worth nothing to anyone but the
// browser that began:
//
//	main host   Ticket ── for the attempt's binding, one use ──▶ other host
//	other host  Present ─ the certificate of this connection, judged; a NEW code ─▶ main host
//	main host   Claim ─── by the same binding only
//
// An attacker who lures a victim to the other host with a ticket of his own
// attempt has the victim's certificate judged for it, but the code comes back
// into the victim's browser, which does not own the attempt; the attacker never
// sees it.

// ticketed is what is kept of a ticket.
type ticketed struct {
	Bound string `json:"bound"`
}

// presented is what is kept of a certificate that was presented, until Claim.
type presented struct {
	Bound   string            `json:"bound"`
	Verdict signature.Verdict `json:"verdict"`
	None    bool              `json:"none"` // the browser had no certificate to give
}

// ErrNoCertificate: the browser presented none.
var ErrNoCertificate = fmt.Errorf("%w: no certificate was presented", ErrRefused)

// Ticket lets the binding's browser present a certificate at the other host,
// once. It returns a *factor.Busy when the binding has asked too often.
func (c *Certificates) Ticket(ctx context.Context, b Binding) (string, error) {
	bound := c.bound(b)
	if err := c.mayAsk(ctx, bound); err != nil {
		return "", err
	}
	ticket := random()
	return ticket, c.keep(ctx, ticketKey(ticket), ticketed{bound})
}

// Present judges the certificate of a TLS connection whose handshake has proved
// possession of its key: chain holds what the client sent, its own certificate
// first, or nothing. It returns the code that the browser brings back to the
// main host, whatever came out; ErrChallenge when the ticket has expired or was
// used.
func (c *Certificates) Present(ctx context.Context, ticket string, chain [][]byte) (code string, err error) {
	var t ticketed
	if err := c.takeInto(ctx, ticketKey(ticket), &t); err != nil {
		return "", err
	}
	p := presented{Bound: t.Bound, None: len(chain) == 0}
	if !p.None {
		p.Verdict, err = c.Judge.VerifyCertificate(ctx, signature.CertificateRequest{Certificate: chain[0], Chain: chain[1:], At: c.Now()})
		if err != nil {
			return "", errors.Join(busy(err), c.keep(ctx, ticketKey(ticket), t))
		}
	}
	code = random()
	return code, c.keep(ctx, codeKey(code), p)
}

// Claim takes what was presented, for the browser and attempt that the ticket
// was made for and for no other, once. It returns ErrChallenge, ErrNoCertificate,
// or ErrRefused with what was found.
func (c *Certificates) Claim(ctx context.Context, code string, b Binding) (Signed, error) {
	var p presented
	if err := c.takeInto(ctx, codeKey(code), &p); err != nil {
		return Signed{}, err
	}
	if subtle.ConstantTimeCompare([]byte(p.Bound), []byte(c.bound(b))) != 1 {
		return Signed{}, ErrChallenge
	}
	if p.None {
		return Signed{}, ErrNoCertificate
	}
	return proven(p.Verdict, b.Purpose)
}

func ticketKey(ticket string) string { return "certificate/ticket/" + hashed(ticket) }
func codeKey(code string) string     { return "certificate/presented/" + hashed(code) }

func (c *Certificates) keep(ctx context.Context, key string, what any) error {
	value, err := json.Marshal(what)
	if err != nil {
		return fmt.Errorf("certificate: keep: %w", err)
	}
	if err := c.Ephemeral.Put(ctx, key, value, c.Lifetime); err != nil {
		return fmt.Errorf("certificate: keep: %w", err)
	}
	return nil
}

// takeInto takes what is kept at key, once: ErrChallenge when there is nothing.
func (c *Certificates) takeInto(ctx context.Context, key string, into any) error {
	value, err := c.Ephemeral.Take(ctx, key)
	if errors.Is(err, storage.ErrNotFound) {
		return ErrChallenge
	}
	if err != nil {
		return fmt.Errorf("certificate: take: %w", err)
	}
	if err := json.Unmarshal(value, into); err != nil {
		return fmt.Errorf("certificate: read: %w", err)
	}
	return nil
}
