package factor

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Guess says whose credential is tried, and from where; it decides whose
// failures are counted.
type Guess struct {
	PersonID string // "" for a login that names nobody
	Login    string // as typed; looked at when PersonID is ""
	// Device is the id of a known device of this person (Devices.Known), "" for
	// any other. Dangerous: who chooses it freely chooses his counter.
	Device string
}

// name is the counter's. Logins are folded like the directory folds them,
// so that spelling one differently is not a new start.
func (g Guess) name() string {
	switch {
	case g.PersonID == "":
		folded := strings.ToLower(strings.TrimSpace(norm.NFKC.String(g.Login)))
		sum := sha256.Sum256([]byte(folded))
		return "login/" + hex.EncodeToString(sum[:])
	case g.Device != "":
		return "person/" + g.PersonID + "/device/" + g.Device
	default:
		return "person/" + g.PersonID
	}
}
