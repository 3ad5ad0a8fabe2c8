package paper

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/storage"
	"propusk/storage/journal"
)

// SealDeps is what a Seal works with. All but Key and Certificate are required.
type SealDeps struct {
	DB      *storage.DB
	Sealer  *storage.Sealer // under which a key of the service's own making is kept
	Journal *journal.Journal
	Log     *slog.Logger
	Name    string // the common name of a certificate of the service's own making
	Now     func() time.Time

	// Key and Certificate are the operator's own, as PEM: a PKCS #8 (or PKCS #1, SEC 1)
	// private key, RSA from 2048 bits or P-256, and its certificate with the chain
	// after it. Both empty: the service makes a key at its first start.
	Key, Certificate []byte
}

// Seal is the service's own key and certificate, the same on all nodes: with it
// papers are signed. Those of earlier times stay known, because their papers must
// verify. It is safe for concurrent use.
type Seal struct {
	deps SealDeps

	mu      sync.RWMutex
	current stamp
	known   []record // all, oldest first
}

// stamp is what signs.
type stamp struct {
	id    string // "kid" of codes and keys
	key   crypto.Signer
	chain []*x509.Certificate // the signer's first
}

// algorithm is the JWS algorithm of the key (RFC 7518 §3.1).
func (s stamp) algorithm() jose.SignatureAlgorithm { return algorithmOf(s.key.Public()) }

func algorithmOf(public any) jose.SignatureAlgorithm {
	switch public.(type) {
	case *ecdsa.PublicKey:
		return jose.ES256
	case *rsa.PublicKey:
		return jose.RS256
	}
	return ""
}

// KeyID is the "kid" of a certificate of the seal.
func KeyID(c *x509.Certificate) string { return certificateID(c) }

// certificateID names a certificate in 16 characters: the beginning of what JOSE
// calls x5t#S256 (RFC 7515 §4.1.8). The whole would make every QR denser.
func certificateID(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// OpenSeal loads the seal. At the first start without a configured key it makes one;
// of nodes that start together one makes it and all use that.
func OpenSeal(ctx context.Context, deps SealDeps) (*Seal, error) {
	if err := deps.check(); err != nil {
		return nil, err
	}
	s := &Seal{deps: deps}
	configured, err := deps.configured()
	if err != nil {
		return nil, err
	}
	if configured != nil {
		if err := s.introduce(ctx, *configured); err != nil {
			return nil, err
		}
		s.current = *configured
	}
	if err := s.Reload(ctx); err != nil {
		return nil, err
	}
	if s.stamp().key == nil {
		return s, s.make(ctx)
	}
	return s, nil
}

func (d SealDeps) check() error {
	for name, missing := range map[string]bool{
		"DB": d.DB == nil, "Sealer": d.Sealer == nil, "Journal": d.Journal == nil,
		"Log": d.Log == nil, "Name": d.Name == "", "Now": d.Now == nil,
	} {
		if missing {
			return errors.New("paper: the seal needs " + name)
		}
	}
	return nil
}

func (s *Seal) stamp() stamp {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.current
}

// Certificates are all that the seal ever signed with, the oldest first.
func (s *Seal) Certificates() []*x509.Certificate {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]*x509.Certificate, len(s.known))
	for i, r := range s.known {
		all[i] = r.chain[0]
	}
	return all
}

// Configured reports whether the operator gave the key.
func (s *Seal) Configured() bool { return len(s.deps.Key) > 0 }

// ErrConfigured is what Rotate returns while the operator's own key is configured:
// another one is taken by configuring it.
var ErrConfigured = errors.New("paper: the seal's key is configured; configure another to change it")

// Rotate makes a new key and certificate and signs with them from now on; those
// before stay known. When two rotate at the same time both get the one that was
// first.
func (s *Seal) Rotate(ctx context.Context) error {
	if s.Configured() {
		return ErrConfigured
	}
	if err := s.Reload(ctx); err != nil { // a place that is taken already is no place for the next
		return err
	}
	return s.make(ctx)
}

// make makes the key that follows those which are known. Where another node was
// first it takes that one's: so nodes that start together have one seal.
func (s *Seal) make(ctx context.Context) error {
	fresh, err := makeStamp(s.deps.Name, s.deps.Now())
	if err != nil {
		return err
	}
	if err := s.keep(ctx, fresh); err != nil {
		return err
	}
	return s.Reload(ctx)
}

// renewBefore is how long before its certificate ends a key of the service's own
// making is replaced.
const renewBefore = 90 * 24 * time.Hour

// Renew rotates when the certificate comes to its end, and warns when it is one that
// only the operator can replace. It is to be called daily.
func (s *Seal) Renew(ctx context.Context) error {
	if err := s.Reload(ctx); err != nil {
		return err
	}
	end := s.stamp().chain[0].NotAfter
	if s.deps.Now().Before(end.Add(-renewBefore)) {
		return nil
	}
	if s.Configured() {
		s.deps.Log.WarnContext(ctx, "the seal's certificate comes to its end", "not_after", end)
		return nil
	}
	return s.Rotate(ctx)
}

// Follow reloads from time to time, so that a rotation on another node or by the
// command is taken up, until ctx ends.
func (s *Seal) Follow(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.Reload(ctx); err != nil && ctx.Err() == nil {
				s.deps.Log.ErrorContext(ctx, "the seal was not reloaded", "err", fmt.Sprint(err))
			}
		}
	}
}
