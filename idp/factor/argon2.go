package factor

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Params are the costs of argon2id (RFC 9106). The zero value is the default:
// 19 MiB, two passes, one lane.
type Params struct {
	Memory  uint32 // KiB
	Time    uint32 // passes
	Threads uint8  // lanes
}

const (
	saltLength = 16
	hashLength = 32
	maxMemory  = 1 << 20 // KiB; a stored hash that asks for more is not ours
	maxTime    = 64
)

func (p Params) withDefaults() Params {
	if p == (Params{}) {
		return Params{Memory: 19 * 1024, Time: 2, Threads: 1}
	}
	return p
}

// passwordHash is a parsed PHC string,
// $argon2id$v=19$m=19456,t=2,p=1$salt$hash.
type passwordHash struct {
	params     Params
	salt, hash []byte
}

var errHash = errors.New("factor: malformed password hash")

func (h passwordHash) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.params.Memory, h.params.Time, h.params.Threads,
		base64.RawStdEncoding.EncodeToString(h.salt), base64.RawStdEncoding.EncodeToString(h.hash))
}

func parseHash(s string) (passwordHash, error) {
	var h passwordHash
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return h, errHash
	}
	p := &h.params
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.Memory, &p.Time, &p.Threads); err != nil || n != 3 {
		return h, errHash
	}
	var errSalt, errSum error
	h.salt, errSalt = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	h.hash, errSum = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	bounded := p.Memory >= 8 && p.Memory <= maxMemory && p.Time >= 1 && p.Time <= maxTime && p.Threads >= 1
	if errSalt != nil || errSum != nil || !bounded || len(h.salt) < 8 || len(h.hash) != hashLength || h.String() != s {
		return passwordHash{}, errHash
	}
	return h, nil
}

// derive is argon2id; a field of Passwords, so that tests can count its runs.
type derive func(password, salt []byte, p Params) []byte

func argon2id(password, salt []byte, p Params) []byte {
	return argon2.IDKey(password, salt, p.Time, p.Memory, p.Threads, hashLength)
}

func (d derive) make(password string, p Params) passwordHash {
	salt := make([]byte, saltLength)
	rand.Read(salt) // never fails (Go 1.24)
	return passwordHash{params: p, salt: salt, hash: d([]byte(password), salt, p)}
}

func (d derive) fits(password string, h passwordHash) bool {
	return subtle.ConstantTimeCompare(d([]byte(password), h.salt, h.params), h.hash) == 1
}
