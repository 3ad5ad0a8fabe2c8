package payment

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
	"slices"
	"strings"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/payment/requisite"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/outbox"
)

// LinkedAccount is an account of the organisation's profile that it pays from, once
// somebody who may pay has confirmed that by a code.
type LinkedAccount struct {
	ID             string       `db:"id"`
	OrganisationID string       `db:"organisation_id"`
	Account        string       `db:"account"`
	BIC            string       `db:"bic"`
	State          string       `db:"state"`
	AskedBy        string       `db:"asked_by"`
	Code           string       `db:"code"`
	Tries          int          `db:"tries"`
	Sends          int          `db:"sends"`
	SentAt         storage.Time `db:"sent_at"`
	LinkedBy       string       `db:"linked_by"`
	LinkedAt       storage.Time `db:"linked_at"`
	CreatedAt      storage.Time `db:"created_at"`
}

const accountColumns = `id, organisation_id, account, bic, state, asked_by, code, tries, sends, sent_at, linked_by, linked_at, created_at`

// The states of a linked account.
const (
	linkAsked = "asked"
	linked    = "linked"
)

// The bounds of codes.
const (
	codeLife   = 5 * time.Minute
	codeTries  = 5
	codeApart  = time.Minute
	codesAnDay = 10 // that one person may have sent in 24 hours
)

var (
	// ErrAccount: the account is not in the organisation's profile any more, or was
	// never confirmed.
	ErrAccount = errors.New("payment: the account is not one to pay from")
	// ErrContact: the person has no confirmed phone or mailbox for the code.
	ErrContact = errors.New("payment: nowhere to send the code")
	// ErrCode: the code does not fit.
	ErrCode = errors.New("payment: wrong code")
	// ErrCodeOver: the code's time or tries are over.
	ErrCodeOver = errors.New("payment: the code is over")
	// ErrTooSoon: codes are asked for too often.
	ErrTooSoon = errors.New("payment: too soon for another code")
)

// profileAccounts are the accounts of the organisation's profile.
func (p *Payments) profileAccounts(ctx context.Context, organisationID string) ([]directory.BankAccount, error) {
	profile, err := p.Directory.Profile(ctx, organisationID)
	if err != nil {
		return nil, fmt.Errorf("payment: accounts of the profile: %w", err)
	}
	return profile.Bank().Accounts, nil
}

// payingAccount is a linked account that the profile still has.
func (p *Payments) payingAccount(ctx context.Context, organisationID, id string) (*requisite.Account, error) {
	l, err := p.account(ctx, organisationID, id)
	if errors.Is(err, storage.ErrNotFound) || err == nil && l.State != linked {
		return nil, ErrAccount
	}
	if err != nil {
		return nil, err
	}
	known, err := p.profileAccounts(ctx, organisationID)
	if err != nil {
		return nil, err
	}
	for _, a := range known {
		if a.Account == l.Account && a.BIC == l.BIC {
			return &requisite.Account{Number: a.Account, BIC: a.BIC, Bank: a.Bank, Correspondent: a.CorrespondentAccount}, nil
		}
	}
	return nil, ErrAccount
}

func (p *Payments) account(ctx context.Context, organisationID, id string) (l LinkedAccount, err error) {
	err = p.DB.Get(ctx, &l, `SELECT `+accountColumns+` FROM payment_accounts WHERE id = $1 AND organisation_id = $2`, id, organisationID)
	if err != nil {
		return LinkedAccount{}, fmt.Errorf("payment: read an account: %w", err)
	}
	return l, nil
}

func (p *Payments) accounts(ctx context.Context, organisationID string) ([]LinkedAccount, error) {
	var list []LinkedAccount
	err := p.DB.Select(ctx, &list, `SELECT `+accountColumns+` FROM payment_accounts WHERE organisation_id = $1 ORDER BY created_at, id LIMIT 100`, organisationID)
	if err != nil {
		return nil, fmt.Errorf("payment: accounts: %w", err)
	}
	return list, nil
}

// AskLink sends a code to the person who wants to link an account of the profile, and
// says how it was sent: to a phone, or to a mailbox where there is none. A code that
// was sent before is worth nothing then.
func (p *Payments) AskLink(ctx context.Context, actor directory.Actor, organisationID, account, bic, lang string) (l LinkedAccount, to string, err error) {
	known, err := p.profileAccounts(ctx, organisationID)
	if err != nil {
		return l, "", err
	}
	if !slices.ContainsFunc(known, func(a directory.BankAccount) bool { return a.Account == account && a.BIC == bic }) {
		return l, "", ErrAccount
	}
	channel, to, err := p.contact(ctx, actor)
	if err != nil {
		return l, "", err
	}
	if err := p.mayCode(ctx, actor.PersonID); err != nil {
		return l, "", err
	}
	digits := newDigits()
	err = p.DB.Tx(ctx, func(ctx context.Context) error {
		if _, err := p.Directory.Authorise(ctx, actor, organisationID, directory.Act{Permission: directory.FinanceWrite}); err != nil {
			return err
		}
		if l, err = p.claimCode(ctx, actor, organisationID, account, bic, digits); err != nil {
			return err
		}
		subject, text := linkMessage(lang, account, digits)
		err := p.Outbox.Send(ctx, outbox.Message{Channel: channel, To: to, Subject: subject, Text: text, Code: digits, Expires: p.now().Add(codeLife)})
		if errors.Is(err, outbox.ErrChannel) {
			return ErrContact
		}
		return err
	})
	if err != nil {
		return l, "", fmt.Errorf("payment: ask for a code: %w", err)
	}
	return l, maskContact(to), nil
}

// contact is where a person's code goes.
func (p *Payments) contact(ctx context.Context, actor directory.Actor) (channel, to string, err error) {
	person, err := p.Directory.Person(ctx, actor.PersonID)
	switch {
	case err != nil:
		return "", "", fmt.Errorf("payment: who asks: %w", err)
	case person.Phone != "" && person.PhoneVerified:
		return "sms", person.Phone, nil
	case person.Email != "" && person.EmailVerified:
		return "email", person.Email, nil
	}
	return "", "", ErrContact
}

// mayCode counts a code of a person's day.
func (p *Payments) mayCode(ctx context.Context, personID string) error {
	n, _, err := p.Ephemeral.Incr(ctx, "payment/codes/"+personID, 24*time.Hour)
	if err != nil {
		return fmt.Errorf("payment: count codes: %w", err)
	}
	if n > codesAnDay {
		return ErrTooSoon
	}
	return nil
}

func (p *Payments) claimCode(ctx context.Context, actor directory.Actor, organisationID, account, bic, digits string) (l LinkedAccount, err error) {
	now, id := p.now(), storage.NewID()
	err = p.DB.Get(ctx, &l, `INSERT INTO payment_accounts (`+accountColumns+`) VALUES ($1, $2, $3, $4, 'asked', $5, '', 0, 1, $6, '', 0, $6)
		ON CONFLICT (organisation_id, bic, account) DO UPDATE SET asked_by = EXCLUDED.asked_by, tries = 0, sends = payment_accounts.sends + 1,
			sent_at = EXCLUDED.sent_at WHERE payment_accounts.state = 'asked' AND payment_accounts.sent_at <= $7
		RETURNING `+accountColumns, id, organisationID, account, bic, actor.PersonID, now, now.Add(-codeApart))
	if errors.Is(err, storage.ErrNotFound) {
		return l, p.whyNoCode(ctx, organisationID, account, bic)
	}
	if err != nil {
		return l, err
	}
	l.Code = p.codeOf(l.ID, actor.PersonID, digits)
	_, err = p.DB.Exec(ctx, `UPDATE payment_accounts SET code = $1 WHERE id = $2`, l.Code, l.ID)
	return l, err
}

func (p *Payments) whyNoCode(ctx context.Context, organisationID, account, bic string) error {
	var state string
	err := p.DB.Get(ctx, &state, `SELECT state FROM payment_accounts WHERE organisation_id = $1 AND account = $2 AND bic = $3`, organisationID, account, bic)
	switch {
	case err != nil:
		return err
	case state == linked:
		return ErrState
	}
	return ErrTooSoon
}

// codeOf is what is kept of a code: worth nothing for another account or person.
func (p *Payments) codeOf(id, personID, digits string) string {
	mac := hmac.New(sha256.New, p.codeKey)
	_, _ = fmt.Fprintf(mac, "%s/%s/%s", id, personID, digits)
	return hex.EncodeToString(mac.Sum(nil))
}

// Link confirms an account by the code that its asker was sent. The try is counted
// before the code is compared, outside of any transaction that could take it back.
func (p *Payments) Link(ctx context.Context, actor directory.Actor, organisationID, id, digits string) (l LinkedAccount, err error) {
	err = p.DB.Get(ctx, &l, `UPDATE payment_accounts SET tries = tries + 1 WHERE id = $1 AND organisation_id = $2 AND state = 'asked'
		AND asked_by = $3 AND code <> '' AND sent_at > $4 AND tries < $5 RETURNING `+accountColumns,
		id, organisationID, actor.PersonID, p.now().Add(-codeLife), codeTries)
	if errors.Is(err, storage.ErrNotFound) {
		if _, err := p.account(ctx, organisationID, id); err != nil {
			return l, err
		}
		return l, ErrCodeOver
	}
	if err != nil {
		return l, fmt.Errorf("payment: try a code: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(l.Code), []byte(p.codeOf(id, actor.PersonID, digits))) != 1 {
		return l, ErrCode
	}
	err = p.DB.Tx(ctx, func(ctx context.Context) error {
		if _, err := p.Directory.Authorise(ctx, actor, organisationID, directory.Act{Permission: directory.FinanceWrite}); err != nil {
			return err
		}
		n, err := p.DB.Exec(ctx, `UPDATE payment_accounts SET state = 'linked', code = '', linked_by = $1, linked_at = $2
			WHERE id = $3 AND state = 'asked' AND code = $4`, actor.PersonID, p.now(), id, l.Code)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrCodeOver
		}
		l.State, l.Code, l.LinkedBy, l.LinkedAt = linked, "", actor.PersonID, p.now()
		return p.noteAccount(ctx, actor, l, "payment_account.linked")
	})
	if err != nil {
		return l, fmt.Errorf("payment: link an account: %w", err)
	}
	return l, nil
}

// Unlink ends the use of an account; payments that were begun from it go on.
func (p *Payments) Unlink(ctx context.Context, actor directory.Actor, organisationID, id string) error {
	err := p.DB.Tx(ctx, func(ctx context.Context) error {
		if _, err := p.Directory.Authorise(ctx, actor, organisationID, directory.Act{Permission: directory.FinanceWrite}); err != nil {
			return err
		}
		l, err := p.account(ctx, organisationID, id)
		if err != nil {
			return err
		}
		if _, err := p.DB.Exec(ctx, `DELETE FROM payment_accounts WHERE id = $1`, id); err != nil {
			return err
		}
		return p.noteAccount(ctx, actor, l, "payment_account.unlinked")
	})
	if err != nil {
		return fmt.Errorf("payment: unlink an account: %w", err)
	}
	return nil
}

func (p *Payments) noteAccount(ctx context.Context, actor directory.Actor, l LinkedAccount, action string) error {
	return p.Journal.Append(ctx, journal.Entry{
		Organisation: l.OrganisationID, Actor: actor.PersonID, Client: actor.ClientID, Action: action, Object: "payment_account:" + l.ID,
		Outcome: "ok", Details: map[string]string{"account": maskAccount(l.Account), "bic": l.BIC},
	})
}

func newDigits() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic(err) // crypto/rand does not fail (Go 1.24)
	}
	return fmt.Sprintf("%06d", n)
}

// maskAccount leaves of an account what tells it from others.
func maskAccount(account string) string {
	if len(account) < 8 {
		return "…"
	}
	return account[:5] + "…" + account[len(account)-4:]
}

// maskContact shows the ends of a phone or a mailbox only.
func maskContact(s string) string {
	if name, domain, ok := strings.Cut(s, "@"); ok {
		return name[:min(1, len(name))] + "…@" + domain
	}
	if len(s) < 6 {
		return "…"
	}
	return s[:2] + "…" + s[len(s)-2:]
}

func linkMessage(lang, account, digits string) (subject, text string) {
	if lang == "en" {
		return "Code " + digits, digits + " is the code for linking the account " + maskAccount(account) +
			" to pay from. It works for 5 minutes and once. Tell it to nobody. If you did not ask for it, ignore this message."
	}
	return "Код " + digits, digits + " — код для привязки счёта " + maskAccount(account) +
		" для оплаты. Он действует 5 минут и один раз. Никому его не сообщайте. Если вы его не запрашивали, не отвечайте на это сообщение."
}

// isCode reports whether s can be a code.
func isCode(s string) bool { return len(s) == 6 && strings.Trim(s, "0123456789") == "" }

// fresh demands of money that somebody has just signed in: his token may be hours old
// and lie on an unlocked desk (RFC 9470 §3, max_age).
func (p *Payments) freshPerson(c api.Call) error {
	if c.Person() == "" {
		return api.Refuse("person_required")
	}
	if c.Claims.AuthTime == 0 || p.Now().Sub(time.Unix(c.Claims.AuthTime, 0)) > freshFor {
		return api.Refuse("payment_sign_in_stale").Challenged("insufficient_user_authentication", "a more recent sign-in is required").Aged(int(freshFor / time.Second))
	}
	return nil
}

// freshFor is how long after signing in money may be moved.
const freshFor = 15 * time.Minute
