package document

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"propusk/idp/directory"
	"propusk/storage"
)

// Share is a version of a document in the hands of another organisation, or behind
// a link that was mailed.
type Share struct {
	ID                 string       `db:"id"`
	DocumentID         string       `db:"document_id"`
	OrganisationID     string       `db:"organisation_id"` // whose document it is
	SenderINN          string       `db:"sender_inn"`
	SenderName         string       `db:"sender_name"`
	RecipientID        string       `db:"recipient_id"` // organisation; "" = an e-mail
	RecipientINN       string       `db:"recipient_inn"`
	RecipientName      string       `db:"recipient_name"`
	Email              string       `db:"email"`
	LinkHash           string       `db:"link_hash"`
	Number             int64        `db:"number"`
	Message            string       `db:"message"`
	SignatureRequested bool         `db:"signature_requested"`
	ExpiresAt          storage.Time `db:"expires_at"` // 0 = never
	RevokedAt          storage.Time `db:"revoked_at"`
	OpenedAt           storage.Time `db:"opened_at"` // when its bytes were first given out
	CreatedBy          string       `db:"created_by"`
	CreatedAt          storage.Time `db:"created_at"`
}

const shareColumns = `id, document_id, organisation_id, sender_inn, sender_name, recipient_id, recipient_inn, recipient_name, email, link_hash, number, message,
	signature_requested, expires_at, revoked_at, opened_at, created_by, created_at`

// Live reports whether the recipient can still open it at now.
func (s Share) Live(now storage.Time) bool {
	return s.RevokedAt == 0 && (s.ExpiresAt == 0 || s.ExpiresAt > now) && (s.LinkHash == "" || s.OpenedAt == 0)
}

// How long a mailed link works when nothing is said, and at most.
const (
	linkLife    = 72 * time.Hour
	linkLongest = 30 * 24 * time.Hour
	// maxShares bounds those of one document.
	maxShares = 200
	// maxLinks bounds the links that an organisation mails in 24 hours: this is no
	// way to send letters to strangers.
	maxLinks = 200
)

var (
	// ErrShareOver: it was revoked, has expired, or its link was used.
	ErrShareOver = errors.New("document: the share is over")
	// ErrOwnOrganisation: handing a document to oneself.
	ErrOwnOrganisation = errors.New("document: the recipient is the document's own organisation")
	// ErrLink: there is no such link, or it does not work any more. Which of the two
	// is nobody's to know.
	ErrLink = errors.New("document: the link does not work")
)

// errRecipient: no organisation of that ИНН has a cabinet here. It wraps
// storage.ErrNotFound.
var errRecipient = errors.New("document: no such recipient")

// NewShare says to whom a document is handed, and for how long.
type NewShare struct {
	INN                string // of an organisation that has a cabinet here, or …
	Email              string // … where a link is mailed
	Number             int64  // the version; 0 is the present one
	Message            string
	SignatureRequested bool
	ExpiresAt          storage.Time // 0: never for an organisation, 72 hours for a link
}

// Share hands a version to a recipient. An organisation is found by its ИНН:
// storage.ErrNotFound when none of that number has a cabinet here.
func (d *Documents) Share(ctx context.Context, actor directory.Actor, organisationID, id string, n NewShare) (share Share, err error) {
	err = d.DB.Tx(ctx, func(ctx context.Context) error {
		doc, by, err := d.change(ctx, actor, organisationID, id, nil, directory.DocumentsWrite)
		if err == nil {
			err = d.mayRead(ctx, actor, doc) // who may not read it does not let others
		}
		if err != nil {
			return err
		}
		v, err := d.version(ctx, doc, n.Number)
		if err != nil {
			return err
		}
		share, err = d.handOver(ctx, by, doc, v, n)
		return err
	})
	if err != nil {
		return Share{}, fmt.Errorf("document: share: %w", err)
	}
	return share, nil
}

// handOver writes the share, in a transaction that has the document locked.
func (d *Documents) handOver(ctx context.Context, by By, doc Document, v Version, n NewShare) (Share, error) {
	sender, err := d.Directory.Organisation(ctx, doc.OrganisationID)
	if err != nil {
		return Share{}, err
	}
	now := d.time()
	s := Share{
		ID: storage.NewID(), DocumentID: doc.ID, OrganisationID: doc.OrganisationID, SenderINN: sender.INN, SenderName: sender.Name, Email: n.Email, Number: v.Number, Message: n.Message,
		SignatureRequested: n.SignatureRequested, ExpiresAt: n.ExpiresAt, CreatedBy: by.Actor.PersonID, CreatedAt: now,
	}
	token := ""
	if n.Email != "" {
		token, s.LinkHash = newLink()
		if s.ExpiresAt == 0 {
			s.ExpiresAt = now.Add(linkLife)
		}
	} else if err := d.recipient(ctx, &s, n.INN); err != nil {
		return Share{}, err
	}
	if err := d.insertShare(ctx, s); err != nil {
		return Share{}, err
	}
	err = d.record(ctx, by, doc.OrganisationID, "document.shared", doc.ID, map[string]string{
		"name": doc.Name, "number": fmt.Sprint(v.Number), "share": s.ID, "recipient": s.RecipientName, "recipient_inn": s.RecipientINN,
		"email": maskEmail(s.Email), "signature_requested": fmt.Sprint(s.SignatureRequested),
	})
	if err != nil {
		return Share{}, err
	}
	if token != "" {
		return s, d.mailLink(ctx, doc, v, s, token)
	}
	return s, d.tellShared(ctx, doc, s)
}

// recipient finds the organisation.
func (d *Documents) recipient(ctx context.Context, s *Share, inn string) error {
	o, err := d.Directory.OrganisationByINN(ctx, inn)
	if errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("%w: %w", errRecipient, err)
	}
	if err != nil {
		return err
	}
	if o.ID == s.OrganisationID {
		return ErrOwnOrganisation
	}
	s.RecipientID, s.RecipientINN, s.RecipientName = o.ID, o.INN, o.Name
	return nil
}

func (d *Documents) insertShare(ctx context.Context, s Share) error {
	var n int
	if err := d.DB.Get(ctx, &n, `SELECT COUNT(*) FROM document_shares WHERE document_id = $1`, s.DocumentID); err != nil {
		return err
	}
	if n >= maxShares {
		return ErrShares
	}
	if s.Email != "" {
		err := d.DB.Get(ctx, &n, `SELECT COUNT(*) FROM document_shares WHERE organisation_id = $1 AND email <> '' AND created_at > $2`,
			s.OrganisationID, s.CreatedAt.Add(-24*time.Hour))
		if err != nil {
			return err
		}
		if n >= maxLinks {
			return ErrLinks
		}
	}
	_, err := d.DB.Exec(ctx, `
		INSERT INTO document_shares (`+shareColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		s.ID, s.DocumentID, s.OrganisationID, s.SenderINN, s.SenderName, s.RecipientID, s.RecipientINN, s.RecipientName, s.Email, s.LinkHash, s.Number, s.Message,
		s.SignatureRequested, s.ExpiresAt, s.RevokedAt, s.OpenedAt, s.CreatedBy, s.CreatedAt)
	return err
}

var (
	// ErrShares: a document is handed to so many at most.
	ErrShares = errors.New("document: it is shared too often")
	// ErrLinks: an organisation mails so many links a day at most.
	ErrLinks = errors.New("document: too many links today")
)

// newLink is a secret of 256 bits and what is kept of it.
func newLink() (token, hash string) {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails (crypto/rand)
	token = base64.RawURLEncoding.EncodeToString(secret[:])
	return token, hashLink(token)
}

func hashLink(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// shares lists those of a document, newest first.
func (d *Documents) shares(ctx context.Context, documentID string) ([]Share, error) {
	var list []Share
	err := d.DB.Select(ctx, &list, `
		SELECT `+shareColumns+` FROM document_shares WHERE document_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2`, documentID, maxShares)
	if err != nil {
		return nil, fmt.Errorf("document: shares: %w", err)
	}
	return list, nil
}

// Revoke ends a share at once. One that is over already is ErrShareOver.
func (d *Documents) Revoke(ctx context.Context, actor directory.Actor, organisationID, id, shareID string) error {
	err := d.DB.Tx(ctx, func(ctx context.Context) error {
		doc, err := d.lock(ctx, organisationID, id, nil)
		if err != nil {
			return err
		}
		by, err := d.authorise(ctx, actor, organisationID, directory.DocumentsWrite, doc.Kind)
		if err != nil {
			return err
		}
		var s Share
		err = d.DB.Get(ctx, &s, `SELECT `+shareColumns+` FROM document_shares WHERE id = $1 AND document_id = $2`, shareID, id)
		if err != nil {
			return err
		}
		if !s.Live(d.time()) {
			return ErrShareOver
		}
		if _, err := d.DB.Exec(ctx, `UPDATE document_shares SET revoked_at = $1 WHERE id = $2`, d.time(), shareID); err != nil {
			return err
		}
		return d.record(ctx, by, organisationID, "document.share_revoked", id, map[string]string{
			"name": doc.Name, "share": s.ID, "recipient": s.RecipientName, "email": maskEmail(s.Email),
		})
	})
	if err != nil {
		return fmt.Errorf("document: revoke: %w", err)
	}
	return nil
}
