package document

import (
	"time"

	"propusk/cabinet/api"
	"propusk/signature"
	"propusk/storage"
	"propusk/storage/file"
)

// documentView is a document as lists show it.
type documentView struct {
	ID          string       `json:"id"`
	Type        Kind         `json:"type"`
	TypeLabel   string       `json:"type_label"`
	Name        string       `json:"name"`
	Description string       `json:"description"`
	ValidUntil  string       `json:"valid_until"`
	Status      Status       `json:"status"`
	Received    bool         `json:"received"` // the house brought it: it is not replaced or removed
	Version     int64        `json:"version"`  // the number of the present one
	File        fileView     `json:"file"`
	Signatures  int64        `json:"signatures"` // of the present version
	CreatedBy   string       `json:"created_by"`
	CreatedAt   storage.Time `json:"created_at"`
	UpdatedAt   storage.Time `json:"updated_at"`
	ArchivedAt  storage.Time `json:"archived_at"`
}

type fileView struct {
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256"`
}

func newDocumentView(d Document, lang string) documentView {
	return documentView{
		ID: d.ID, Type: d.Kind, TypeLabel: d.Kind.Label(lang), Name: d.Name, Description: d.Description, ValidUntil: d.ValidUntil,
		Status: d.Status, Received: d.Source != "", Version: d.Versions, File: fileView{d.FileName, d.MediaType, d.Size, d.SHA256},
		Signatures: d.Signatures, CreatedBy: d.CreatedBy, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt, ArchivedAt: d.ArchivedAt,
	}
}

// wholeView is one document with everything about it.
type wholeView struct {
	documentView
	Integrity     integrityView   `json:"integrity"`
	SignatureList []signatureView `json:"signature_list"`
	Actions       []api.Action    `json:"actions"`
}

// integrityView says whether the bytes are what was saved, as far as is known.
type integrityView struct {
	State     string       `json:"state"` // whole, damaged
	CheckedAt storage.Time `json:"checked_at"`
	DamagedAt storage.Time `json:"damaged_at"`
}

func newIntegrityView(f file.File) integrityView {
	view := integrityView{"whole", f.CheckedAt, f.DamagedAt}
	if !f.Whole() {
		view.State = "damaged"
	}
	return view
}

// signatureView shows a signature without the personal numbers of its certificate.
type signatureView struct {
	ID          string       `json:"id"`
	Signer      string       `json:"signer"`
	INN         string       `json:"inn"` // of an organisation, "" for a person's certificate
	Own         bool         `json:"own"` // added in this organisation's cabinet
	Certificate string       `json:"certificate"`
	Issuer      string       `json:"issuer"`
	Algorithm   string       `json:"algorithm"`
	NotAfter    time.Time    `json:"not_after"`
	SignedAt    *time.Time   `json:"signed_at"` // as the signer says, null when he does not
	AddedAt     storage.Time `json:"added_at"`
	AddedBy     string       `json:"added_by"`
	Verdict     verdictView  `json:"verdict"`
}

type verdictView struct {
	Accepted bool           `json:"accepted"`
	Code     signature.Code `json:"code"`
	Text     string         `json:"text"`
	At       time.Time      `json:"at"`
	Checks   []checkView    `json:"checks"`
}

type checkView struct {
	Name   signature.CheckName `json:"name"`
	Title  string              `json:"title"`
	Status signature.Status    `json:"status"`
	Code   signature.Code      `json:"code"`
	Text   string              `json:"text"`
}

func newSignatureView(s Signature, organisationID, lang string) signatureView {
	v := s.Verdict.V
	view := signatureView{
		ID: s.ID, Signer: v.Subject.Owner(), INN: v.Subject.INNLE, Own: s.OrganisationID == organisationID, Certificate: s.Fingerprint,
		Issuer: v.Certificate.Issuer, Algorithm: v.Certificate.Algorithm, NotAfter: v.Certificate.NotAfter, AddedAt: s.CreatedAt,
		Verdict: verdictView{Accepted: v.Accepted, Code: v.Code, Text: v.Text(lang), At: v.At},
	}
	if view.Own {
		view.AddedBy = s.PersonID
	}
	if !v.SigningTime.IsZero() {
		view.SignedAt = &v.SigningTime
	}
	for _, c := range v.Checks {
		view.Verdict.Checks = append(view.Verdict.Checks, checkView{c.Name, c.Name.Title(lang), c.Status, c.Code, c.Text(lang)})
	}
	return view
}

func newSignatureViews(list []Signature, organisationID, lang string) []signatureView {
	views := make([]signatureView, len(list))
	for i, s := range list {
		views[i] = newSignatureView(s, organisationID, lang)
	}
	return views
}

// versionView is one version.
type versionView struct {
	Version      int64        `json:"version"`
	Present      bool         `json:"present"`
	File         fileView     `json:"file"`
	Note         string       `json:"note"`
	RestoredFrom int64        `json:"restored_from"` // 0 = it has bytes of its own
	CreatedBy    string       `json:"created_by"`
	CreatedAt    storage.Time `json:"created_at"`
}

func newVersionView(v Version, present int64) versionView {
	return versionView{
		v.Number, v.Number == present, fileView{v.FileName, v.MediaType, v.Size, v.SHA256}, v.Note, v.RestoredFrom, v.CreatedBy, v.CreatedAt,
	}
}

// shareView is a share as its sender sees it.
type shareView struct {
	ID                 string         `json:"id"`
	State              string         `json:"state"` // open, opened, expired, revoked
	Version            int64          `json:"version"`
	Recipient          *recipientView `json:"recipient"` // null for an e-mail
	Email              string         `json:"email"`
	Message            string         `json:"message"`
	SignatureRequested bool           `json:"signature_requested"`
	CreatedAt          storage.Time   `json:"created_at"`
	ExpiresAt          storage.Time   `json:"expires_at"`
	OpenedAt           storage.Time   `json:"opened_at"`
	RevokedAt          storage.Time   `json:"revoked_at"`
}

type recipientView struct {
	INN  string `json:"inn"`
	Name string `json:"name"`
}

func newShareView(s Share, now storage.Time) shareView {
	view := shareView{
		ID: s.ID, State: "open", Version: s.Number, Email: s.Email, Message: s.Message, SignatureRequested: s.SignatureRequested,
		CreatedAt: s.CreatedAt, ExpiresAt: s.ExpiresAt, OpenedAt: s.OpenedAt, RevokedAt: s.RevokedAt,
	}
	if s.RecipientID != "" {
		view.Recipient = &recipientView{s.RecipientINN, s.RecipientName}
	}
	switch {
	case s.RevokedAt != 0:
		view.State = "revoked"
	case s.OpenedAt != 0:
		view.State = "opened"
	case s.ExpiresAt != 0 && s.ExpiresAt <= now:
		view.State = "expired"
	}
	return view
}

// incomingView is what a recipient sees of a document that it was handed.
type incomingView struct {
	ID                 string       `json:"id"` // of the share
	Sender             senderView   `json:"sender"`
	Type               Kind         `json:"type"`
	TypeLabel          string       `json:"type_label"`
	Name               string       `json:"name"`
	Message            string       `json:"message"`
	File               fileView     `json:"file"`
	SignatureRequested bool         `json:"signature_requested"`
	ReceivedAt         storage.Time `json:"received_at"`
	OpenedAt           storage.Time `json:"opened_at"`
	ExpiresAt          storage.Time `json:"expires_at"`
}

type senderView struct {
	INN  string `json:"inn"`
	Name string `json:"name"`
}

func newIncomingView(in Incoming, lang string) incomingView {
	return incomingView{
		ID: in.Share.ID, Sender: senderView{in.Share.SenderINN, in.Share.SenderName}, Type: in.Document.Kind, TypeLabel: in.Document.Kind.Label(lang), Name: in.Document.Name,
		Message: in.Share.Message, File: fileView{in.Version.FileName, in.Version.MediaType, in.Version.Size, in.Version.SHA256},
		SignatureRequested: in.Share.SignatureRequested, ReceivedAt: in.Share.CreatedAt, OpenedAt: in.Share.OpenedAt, ExpiresAt: in.Share.ExpiresAt,
	}
}

// oneIncomingView is one of them with its signatures.
type oneIncomingView struct {
	incomingView
	SignatureList []signatureView `json:"signature_list"`
	Actions       []api.Action    `json:"actions"`
}

// uploadView is an unfinished upload.
type uploadView struct {
	ID        string       `json:"id"`
	Offset    int64        `json:"offset"` // where the next piece begins
	Size      int64        `json:"size"`
	Complete  bool         `json:"complete"` // every byte is here: finish it
	MaxPiece  int64        `json:"max_piece"`
	MinPiece  int64        `json:"min_piece"` // but for the last one
	ExpiresAt storage.Time `json:"expires_at"`
}

func newUploadView(u Upload) uploadView {
	return uploadView{u.ID, u.Received, u.Size, u.Received == u.Size, maxPiece, minPiece, u.ExpiresAt}
}
