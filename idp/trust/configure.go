package trust

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"propusk/signature"
	"propusk/storage/journal"
)

// Change is what Configure changes of an authority; nil fields stay.
type Change struct {
	CRLs              *[]string // addresses of its lists, http or https
	OCSP              *[]string // addresses of its responders
	OCSPNonceOptional *bool
	// FailOpen is the decision to accept signatures while revocation data is
	// missing: DANGER. A decision without Until takes the earlier one back.
	FailOpen *signature.FailOpen
}

// longestFailOpen bounds a decision, so that somebody thinks of it again.
const longestFailOpen = 31 * 24 * time.Hour

// Configure changes the addresses and decisions of an authority. The error is
// signature.ErrUnknownAuthority, or says what of the change cannot be.
func (t *Trust) Configure(ctx context.Context, by, id string, change Change) (configured signature.Authority, err error) {
	if err := change.check(t.deps.Now()); err != nil {
		return signature.Authority{}, err
	}
	err = t.change(ctx, by, func(store *signature.Store) (journal.Entry, error) {
		err := store.Configure(id, func(a *signature.Authority) {
			change.apply(a)
			configured = *a
		})
		return journal.Entry{Action: "trust.configured", Object: id, Outcome: "ok", Details: change.details(by)}, err
	})
	return configured, err
}

// Remove ends the trust in an authority at once and for all times.
func (t *Trust) Remove(ctx context.Context, by, id, reason string) error {
	return t.change(ctx, by, func(store *signature.Store) (journal.Entry, error) {
		return journal.Entry{
			Action: "trust.removed", Object: id, Outcome: "ok", Details: map[string]string{"by": by, "reason": reason},
		}, store.Remove(id)
	})
}

func (c Change) check(now time.Time) error {
	for _, addresses := range []*[]string{c.CRLs, c.OCSP} {
		if addresses == nil {
			continue
		}
		for _, address := range *addresses {
			if !signature.Fetchable(address) {
				return fmt.Errorf("trust: %q is no http or https address", address)
			}
		}
	}
	if c.FailOpen == nil || c.FailOpen.Until.IsZero() {
		return nil
	}
	switch left := c.FailOpen.Until.Sub(now); {
	case c.FailOpen.By == "" || c.FailOpen.Reason == "":
		return errors.New("trust: to do without revocation data is a decision that needs a name and a reason")
	case left <= 0:
		return errors.New("trust: the decision ends in the past")
	case left > longestFailOpen:
		return fmt.Errorf("trust: such a decision holds for %d days at most", int(longestFailOpen.Hours()/24))
	}
	return nil
}

func (c Change) apply(a *signature.Authority) {
	if c.CRLs != nil {
		a.CRLs = *c.CRLs
	}
	if c.OCSP != nil {
		a.OCSP = *c.OCSP
	}
	if c.OCSPNonceOptional != nil {
		a.OCSPNonceOptional = *c.OCSPNonceOptional
	}
	if c.FailOpen == nil {
		return
	}
	a.DangerouslyFailOpen = nil
	if !c.FailOpen.Until.IsZero() {
		decision := *c.FailOpen
		decision.Until = decision.Until.UTC()
		a.DangerouslyFailOpen = &decision
	}
}

func (c Change) details(by string) map[string]string {
	details := map[string]string{"by": by}
	if c.CRLs != nil {
		details["crls"] = strings.Join(*c.CRLs, " ")
	}
	if c.OCSP != nil {
		details["ocsp"] = strings.Join(*c.OCSP, " ")
	}
	if c.OCSPNonceOptional != nil {
		details["ocsp_nonce_optional"] = strconv.FormatBool(*c.OCSPNonceOptional)
	}
	if f := c.FailOpen; f != nil {
		details["fail_open_by"], details["fail_open_reason"] = f.By, f.Reason
		details["fail_open_until"] = "ended"
		if !f.Until.IsZero() {
			details["fail_open_until"] = f.Until.UTC().Format(time.RFC3339)
		}
	}
	return details
}
