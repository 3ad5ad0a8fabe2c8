package factor

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"propusk/storage"
)

const (
	recoveryCodes  = 10 // made at a time
	recoveryLength = 10 // characters, five bits each
)

// recoveryAlphabet leaves out I, L, O and U (Crockford's base 32), so that a
// code written by hand is read right.
const recoveryAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// RecoveryStore keeps the codes' MACs; *directory.Directory.
type RecoveryStore interface {
	SetRecoveryCodes(ctx context.Context, personID string, macs []string) error
	UseRecoveryCode(ctx context.Context, personID, mac string) (left int, err error)
	RecoveryCodesLeft(ctx context.Context, personID string) (int, error)
}

// RecoveryDeps is what RecoveryCodes stands on; all of it is required.
type RecoveryDeps struct {
	Directory RecoveryStore
	Sealer    *storage.Sealer // for the key of the codes' MACs
	Locks     *Locks
}

// RecoveryCodes are codes on paper, each of which stands in once for a second
// factor that is out of reach.
type RecoveryCodes struct {
	directory RecoveryStore
	key       []byte
	lock      *lock
}

// NewRecoveryCodes returns the verifier, or an error that names what is missing.
func NewRecoveryCodes(deps RecoveryDeps) (*RecoveryCodes, error) {
	if deps.Directory == nil || deps.Sealer == nil || deps.Locks == nil {
		return nil, errors.New("factor: recovery codes: Directory, Sealer and Locks are required")
	}
	return &RecoveryCodes{directory: deps.Directory, key: deps.Sealer.Key("recovery codes"), lock: deps.Locks.of("recovery")}, nil
}

// Make gives the person ten new codes such as 7KQ2M-XW4TB, to be shown once and
// kept nowhere; those of before no longer fit.
func (r *RecoveryCodes) Make(ctx context.Context, personID string) ([]string, error) {
	codes, macs := make([]string, recoveryCodes), make([]string, recoveryCodes)
	for i := range codes {
		code := newRecoveryCode()
		codes[i], macs[i] = code[:recoveryLength/2]+"-"+code[recoveryLength/2:], r.mac(personID, code)
	}
	return codes, r.directory.SetRecoveryCodes(ctx, personID, macs)
}

// Remove takes the person's codes away.
func (r *RecoveryCodes) Remove(ctx context.Context, personID string) error {
	return r.directory.SetRecoveryCodes(ctx, personID, nil)
}

// Verify checks a code as it was typed and uses it up. It returns nil, ErrWrong,
// or a *Locked.
func (r *RecoveryCodes) Verify(ctx context.Context, g Guess, code string) error {
	return r.lock.try(ctx, g, func() error {
		_, err := r.directory.UseRecoveryCode(ctx, g.PersonID, r.mac(g.PersonID, plainCode(code)))
		if errors.Is(err, storage.ErrUsed) {
			return ErrWrong
		}
		return err
	})
}

// Left is how many codes the person can still use.
func (r *RecoveryCodes) Left(ctx context.Context, personID string) (int, error) {
	return r.directory.RecoveryCodesLeft(ctx, personID)
}

// mac is what is kept of a code. Fifty bits could be searched for in a stolen
// database, if it were not for the key; with the person in it, a row is of no
// use to another one.
func (r *RecoveryCodes) mac(personID, code string) string {
	h := hmac.New(sha256.New, r.key)
	fmt.Fprintf(h, "%d:%s,%d:%s", len(personID), personID, len(code), code)
	return hex.EncodeToString(h.Sum(nil))
}

func newRecoveryCode() string {
	code := make([]byte, recoveryLength)
	rand.Read(code) // never fails (Go 1.24)
	for i, b := range code {
		code[i] = recoveryAlphabet[b%byte(len(recoveryAlphabet))] // 32 divides 256
	}
	return string(code)
}

// plainCode undoes what hands and eyes do to a code.
func plainCode(typed string) string {
	return strings.NewReplacer(" ", "", "\u00a0", "", "-", "", "\u2013", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(typed))
}
