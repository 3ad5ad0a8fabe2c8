package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"time"

	"propusk/storage"
)

// Session is one browser's sign-in: who, and what was proved when.
type Session struct {
	ID             string                `db:"id"` // sid in tokens; stays while the cookie's value changes
	PersonID       string                `db:"person_id"`
	Proofs         storage.JSON[[]Proof] `db:"proofs"`          // at most one a factor, the latest
	OrganisationID string                `db:"organisation_id"` // chosen last, marked first next time
	DeviceID       string                `db:"device_id"`       // the known device it runs on; "" = none
	IP             string                `db:"ip"`              // at the last proof
	UserAgent      string                `db:"user_agent"`      // at the last proof
	Country        string                `db:"country"`         // of IP, ISO 3166-1 alpha-2; "" = not known
	CreatedAt      storage.Time          `db:"created_at"`
	SeenAt         storage.Time          `db:"seen_at"`    // last use, to the minute
	ExpiresAt      storage.Time          `db:"expires_at"` // absolute end
	// Unusual is what is odd about the last identification, in the words of
	// pages.Unusual…, until it is confirmed or found to be proved well enough.
	Unusual storage.JSON[[]string] `db:"unusual"`
	// IdleMicros is how long it may go unused where an organisation that was
	// entered in it is stricter than the house; 0 = as the house says.
	IdleMicros int64 `db:"idle"`
}

// Where says from where a proof came.
type Where struct {
	DeviceID, IP, UserAgent, Country string
	Unusual                          []string // what is odd about it; nil = leave what the session says
}

// Proven is what the session amounts to, by the proofs given at since or later.
func (s *Session) Proven(since storage.Time) Assurance {
	return Weigh(s.Proofs.V, since)
}

// acr is what the session amounts to; "" = nothing is proved.
func (s *Session) acr() string { return s.Proven(0).Level.ACR() }

// ProvedAt is when factor was proved last; 0 = never.
func (s *Session) ProvedAt(factor Factor) storage.Time {
	for _, p := range s.Proofs.V {
		if p.Factor == factor {
			return p.At
		}
	}
	return 0
}

// IdentifiedAt is when a factor that says who it is was proved last; 0 = never.
func (s *Session) IdentifiedAt() (at storage.Time) {
	for _, p := range s.Proofs.V {
		if p.Factor.Primary() {
			at = max(at, p.At)
		}
	}
	return at
}

// Without is the proofs but for those of factor.
func (s *Session) Without(factor Factor) []Proof {
	return slices.DeleteFunc(slices.Clone(s.Proofs.V), func(p Proof) bool { return p.Factor == factor })
}

// Only are the proofs given by some factors alone.
func (s *Session) Only(factors ...Factor) []Proof {
	return slices.DeleteFunc(slices.Clone(s.Proofs.V), func(p Proof) bool { return !slices.Contains(factors, p.Factor) })
}

// prove records a proof at now.
func (s *Session) prove(p Proof, now storage.Time) {
	p.At = now
	s.Proofs.V = append(s.Without(p.Factor), p)
}

// at notes from where the last proof came. A device once known stays known.
func (s *Session) at(where Where) {
	s.IP, s.UserAgent, s.Country = where.IP, where.UserAgent, where.Country
	if where.DeviceID != "" {
		s.DeviceID = where.DeviceID
	}
}

// idle is how long the session may go unused.
func (s *Session) idle(house time.Duration) time.Duration {
	if own := time.Duration(s.IdleMicros) * time.Microsecond; own > 0 {
		return min(own, house)
	}
	return house
}

// lasts is how long the session may last since who it is was proved: as the house
// says, or as much less as an organisation that was entered in it has made it.
func (s *Session) lasts(house time.Duration) time.Duration {
	if since := s.IdentifiedAt(); since != 0 {
		return min(house, s.ExpiresAt.Time().Sub(since.Time()))
	}
	return house
}

// Random is 256 bits as base64url: the value of a cookie or an id.
func Random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Hashed is what is kept of a random secret, SHA-256 in hexadecimal. The secret
// has 256 bits, so a fast hash does.
func Hashed(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
