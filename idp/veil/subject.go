package veil

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"propusk/storage"
)

// Subjects makes pairwise subject identifiers (OpenID Connect Core §8.1): the same
// person is called by the same name in one sector, by unlike names in two, and
// nobody without the key can tell whom a name means or whether two mean one person.
//
// A name is "pw_" and BASE64URL(tag ‖ person): the person's id encrypted by
// AES-256-CTR under the tag as its counter, the tag HMAC-SHA256(sector ‖ 0 ‖ person)
// cut to 16 bytes. That is the synthetic initialisation vector of RFC 5297 with
// another pseudo-random function: it gives away that two names are equal, which they
// must be, and nothing else.
//
// Why one that can be opened: Core §8.1 forbids others to reverse the name, not the
// provider, and so neither hints nor access tokens need a table or a second claim.
type Subjects struct {
	tagKey []byte
	block  cipher.Block
}

// subjectPrefix tells a pairwise name from a person's id, which is a UUID.
const subjectPrefix = "pw_"

const tagSize = 16

// ErrSubject: the name is none that was made here, or one of another sector.
var ErrSubject = errors.New("veil: not a pairwise subject of this server")

// NewSubjects derives the keys from the master key.
func NewSubjects(sealer *storage.Sealer) *Subjects {
	block, err := aes.NewCipher(sealer.Key("pairwise subject encryption"))
	if err != nil {
		panic(err) // only for keys of another length
	}
	return &Subjects{tagKey: sealer.Key("pairwise subject tag"), block: block}
}

// Name is what the person is called in the sector: a host name. It fails for an id
// that is no UUID.
func (s *Subjects) Name(sector, personID string) (string, error) {
	id, err := uuid.Parse(personID)
	if err != nil {
		return "", fmt.Errorf("name person to sector: %w", err)
	}
	name := make([]byte, tagSize+len(id))
	copy(name, s.tag(sector, id))
	cipher.NewCTR(s.block, name[:tagSize]).XORKeyStream(name[tagSize:], id[:])
	return subjectPrefix + base64.RawURLEncoding.EncodeToString(name), nil
}

// Person is who the name means in the sector: ErrSubject.
func (s *Subjects) Person(sector, name string) (string, error) {
	id, tag, err := s.open(name)
	if err != nil || !hmac.Equal(tag, s.tag(sector, id)) {
		return "", ErrSubject
	}
	return id.String(), nil
}

// PersonOfToken is who a name in a token of ours means, whatever the sector. Call it
// for a token whose signature or seal has been verified only: the name alone is not
// proved by this. ErrSubject.
func (s *Subjects) PersonOfToken(name string) (string, error) {
	id, _, err := s.open(name)
	return id.String(), err
}

func (s *Subjects) open(name string) (id uuid.UUID, tag []byte, err error) {
	raw, ok := strings.CutPrefix(name, subjectPrefix)
	if !ok {
		return id, nil, ErrSubject
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(raw)
	if err != nil || len(sealed) != tagSize+len(id) {
		return id, nil, ErrSubject
	}
	tag = sealed[:tagSize]
	cipher.NewCTR(s.block, tag).XORKeyStream(id[:], sealed[tagSize:])
	return id, tag, nil
}

func (s *Subjects) tag(sector string, id uuid.UUID) []byte {
	mac := hmac.New(sha256.New, s.tagKey)
	mac.Write([]byte(sector))
	mac.Write([]byte{0})
	mac.Write(id[:])
	return mac.Sum(nil)[:tagSize]
}

// Pairwise reports whether a subject is a pairwise name by its form.
func Pairwise(subject string) bool { return strings.HasPrefix(subject, subjectPrefix) }
