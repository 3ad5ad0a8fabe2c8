package organisation

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"propusk/cabinet/api"
	"propusk/storage"
	"propusk/storage/outbox"
)

// The bounds of one-time codes.
const (
	codeLifetime = 5 * time.Minute
	codeTries    = 5
	codeResend   = time.Minute // before the next code of the same act
	codeSends    = 5           // codes of one act
	codesPerHour = 15          // codes that one person may have sent, and that one address may get
)

// codes are one-time codes of six digits that bind a person to one act. A code is
// kept as an HMAC over the act, the person and the digits: read out of the
// database, or to somebody who has begun another act, it is worth nothing.
type codes struct {
	db        *storage.DB
	outbox    *outbox.Outbox
	ephemeral storage.Ephemeral
	key       []byte
	now       func() time.Time
}

// codeRequest asks for a code.
type codeRequest struct {
	Object   string // the act with everything that it is bound to
	PersonID string
	Channel  string // sms, email
	To       string
	Lang     string
	Purpose  saying // what the code is for, in the message
}

// sent says what may happen next.
type sent struct {
	Channel     string       `json:"channel"`
	To          string       `json:"to"` // masked
	ExpiresAt   storage.Time `json:"expires_at"`
	ResendAfter storage.Time `json:"resend_after"`
}

// send replaces the act's code by a new one and sends it, in one transaction.
func (c *codes) send(ctx context.Context, r codeRequest) (sent, error) {
	if err := c.room(ctx, r.PersonID, r.To); err != nil {
		return sent{}, err
	}
	digits := newDigits()
	err := c.db.Tx(ctx, func(ctx context.Context) error {
		if err := c.claim(ctx, r.Object, r.PersonID, c.mac(r.Object, r.PersonID, digits)); err != nil {
			return err
		}
		return c.post(ctx, r, digits)
	})
	now := storage.Of(c.now())
	return sent{r.Channel, maskContact(r.To), now.Add(codeLifetime), now.Add(codeResend)}, err
}

func (c *codes) post(ctx context.Context, r codeRequest, digits string) error {
	subject, text := codeMessage(r.Lang, r.Purpose, digits)
	err := c.outbox.Send(ctx, outbox.Message{
		Channel: r.Channel, To: r.To, Subject: subject, Text: text, Code: digits, Expires: storage.Of(c.now()).Add(codeLifetime),
	})
	if errors.Is(err, outbox.ErrChannel) {
		return api.Refuse("code_channel_unavailable").With("channel", r.Channel).Wrap(err)
	}
	if err != nil {
		return fmt.Errorf("organisation: send code: %w", err)
	}
	return nil
}

// claim takes the act's right to a code: the former one no longer fits, the tries
// begin anew. Who comes too soon or too often is refused.
func (c *codes) claim(ctx context.Context, object, personID, mac string) error {
	now := storage.Of(c.now())
	n, err := c.db.Exec(ctx, `INSERT INTO organisation_codes (object, person_id, mac, sends, tries, sent_at, expires_at, used_at)
		VALUES ($1, $2, $3, 1, 0, $4, $5, 0)
		ON CONFLICT (object) DO UPDATE SET mac = EXCLUDED.mac, sends = organisation_codes.sends + 1, tries = 0,
			sent_at = EXCLUDED.sent_at, expires_at = EXCLUDED.expires_at
		WHERE organisation_codes.used_at = 0 AND organisation_codes.person_id = EXCLUDED.person_id
			AND organisation_codes.sent_at <= $6 AND organisation_codes.sends < $7`,
		object, personID, mac, now, now.Add(codeLifetime), now.Add(-codeResend), codeSends)
	if err != nil {
		return fmt.Errorf("organisation: claim code: %w", err)
	}
	if n == 1 {
		return nil
	}
	return c.whyNot(ctx, object, now)
}

func (c *codes) whyNot(ctx context.Context, object string, now storage.Time) error {
	var row struct {
		Sends  int          `db:"sends"`
		SentAt storage.Time `db:"sent_at"`
		UsedAt storage.Time `db:"used_at"`
	}
	err := c.db.Get(ctx, &row, `SELECT sends, sent_at, used_at FROM organisation_codes WHERE object = $1`, object)
	if err != nil {
		return fmt.Errorf("organisation: code refused: %w", err)
	}
	if row.UsedAt != 0 || row.Sends >= codeSends {
		return api.Refuse("confirmation_limit")
	}
	return tooSoon(row.SentAt.Add(codeResend).Sub(now))
}

func tooSoon(left time.Duration) error {
	seconds := max(1, int((left+time.Second-1)/time.Second))
	return api.Refuse("confirmation_too_soon").After(seconds)
}

// room counts the codes of a person and of an address, so that nobody's phone can
// be flooded from many acts. The address is counted by its digest.
func (c *codes) room(ctx context.Context, personID, to string) error {
	for _, key := range []string{"person/" + personID, "to/" + c.mac("to", "", to)} {
		n, left, err := c.ephemeral.Incr(ctx, "organisation/codes/"+key, time.Hour)
		if err != nil {
			return fmt.Errorf("organisation: count codes: %w", err)
		}
		if n > codesPerHour {
			return tooSoon(left)
		}
	}
	return nil
}

// try spends one of the tries on a code and says whether it fits. It must not run
// inside a transaction: a try that is rolled back would be a try for nothing. The
// code itself is spent by spend.
func (c *codes) try(ctx context.Context, object, personID, digits string) error {
	var row struct {
		MAC   string `db:"mac"`
		Tries int    `db:"tries"`
	}
	err := c.db.Get(ctx, &row, `UPDATE organisation_codes SET tries = tries + 1
		WHERE object = $1 AND person_id = $2 AND used_at = 0 AND expires_at > $3 AND tries < $4 RETURNING mac, tries`,
		object, personID, storage.Of(c.now()), codeTries)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return api.Refuse("confirmation_over")
	case err != nil:
		return fmt.Errorf("organisation: try code: %w", err)
	case subtle.ConstantTimeCompare([]byte(row.MAC), []byte(c.mac(object, personID, digits))) != 1:
		return api.Refuse("confirmation_wrong").With("left", strconv.Itoa(codeTries-row.Tries))
	}
	return nil
}

// spend ends the code in the transaction of the act; of many at once one succeeds.
func (c *codes) spend(ctx context.Context, object, personID, digits string) error {
	n, err := c.db.Exec(ctx, `UPDATE organisation_codes SET used_at = $1
		WHERE object = $2 AND used_at = 0 AND expires_at > $1 AND mac = $3`,
		storage.Of(c.now()), object, c.mac(object, personID, digits))
	if err != nil {
		return fmt.Errorf("organisation: spend code: %w", err)
	}
	if n == 0 {
		return api.Refuse("confirmation_over")
	}
	return nil
}

// sweep forgets codes a day after their end.
func (c *codes) sweep(ctx context.Context) error {
	_, err := c.db.Exec(ctx, `DELETE FROM organisation_codes WHERE expires_at < $1`, storage.Of(c.now().Add(-24*time.Hour)))
	if err != nil {
		return fmt.Errorf("organisation: sweep codes: %w", err)
	}
	return nil
}

func (c *codes) mac(object, personID, digits string) string {
	mac := hmac.New(sha256.New, c.key)
	for _, part := range []string{object, personID, digits} {
		_, _ = fmt.Fprintf(mac, "%d:%s,", len(part), part)
	}
	return hex.EncodeToString(mac.Sum(nil))
}

// nobody is the MAC of no code at all.
func (c *codes) nobody() string { return c.mac("nobody", storage.NewID(), rand.Text()) }

func newDigits() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic(err) // crypto/rand does not fail (Go 1.24)
	}
	return fmt.Sprintf("%06d", n)
}

// isCode reports whether s can be a code.
func isCode(s string) bool { return len(s) == 6 && strings.Trim(s, "0123456789") == "" }

// maskContact shows the ends of a phone or a mailbox only.
func maskContact(s string) string {
	if name, domain, ok := strings.Cut(s, "@"); ok {
		return ends(name, 1, 0) + "@" + domain
	}
	return ends(s, 2, 2)
}

func ends(s string, first, last int) string {
	runes := []rune(s)
	if len(runes) <= first+last {
		return "•••"
	}
	return string(runes[:first]) + "•••" + string(runes[len(runes)-last:])
}
