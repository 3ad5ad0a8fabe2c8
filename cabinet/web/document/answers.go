package document

import (
	"time"

	"propusk/cabinet/web/desk"
)

// The answers of the API, as far as the pages show them.
type (
	kind struct {
		Type     string   `json:"type"`
		Label    string   `json:"label"`
		Files    []string `json:"files"`
		MaxSize  int64    `json:"max_size"`  // bytes, at one stroke
		MaxLarge int64    `json:"max_large"` // bytes, in pieces; 0 = the type takes none
	}
	fileOf struct {
		Name      string `json:"name"`
		MediaType string `json:"media_type"`
		Size      int64  `json:"size"` // bytes
		SHA256    string `json:"sha256"`
	}
	document struct {
		ID          string    `json:"id"`
		Type        string    `json:"type"`
		TypeLabel   string    `json:"type_label"`
		Name        string    `json:"name"`
		Description string    `json:"description"`
		ValidUntil  string    `json:"valid_until"` // YYYY-MM-DD
		Status      string    `json:"status"`
		Received    bool      `json:"received"`
		Version     int64     `json:"version"`
		File        fileOf    `json:"file"`
		Signatures  int       `json:"signatures"`
		CreatedAt   time.Time `json:"created_at"`
		UpdatedAt   time.Time `json:"updated_at"`
	}
	whole struct {
		document
		Integrity struct {
			State     string    `json:"state"`
			CheckedAt time.Time `json:"checked_at"`
			DamagedAt time.Time `json:"damaged_at"`
		} `json:"integrity"`
		SignatureList []signature  `json:"signature_list"`
		Actions       desk.Actions `json:"actions"`
	}
	signature struct {
		ID       string    `json:"id"`
		Signer   string    `json:"signer"`
		INN      string    `json:"inn"`
		Own      bool      `json:"own"`
		Issuer   string    `json:"issuer"`
		NotAfter time.Time `json:"not_after"`
		SignedAt time.Time `json:"signed_at"`
		AddedAt  time.Time `json:"added_at"`
		Verdict  struct {
			Accepted bool   `json:"accepted"`
			Code     string `json:"code"`
			Text     string `json:"text"`
			Checks   []struct {
				Title  string `json:"title"`
				Status string `json:"status"`
				Code   string `json:"code"`
				Text   string `json:"text"`
			} `json:"checks"`
		} `json:"verdict"`
	}
	version struct {
		Version      int64     `json:"version"`
		Present      bool      `json:"present"`
		File         fileOf    `json:"file"`
		Note         string    `json:"note"`
		RestoredFrom int64     `json:"restored_from"`
		CreatedAt    time.Time `json:"created_at"`
	}
	party struct {
		INN  string `json:"inn"`
		Name string `json:"name"`
	}
	share struct {
		ID                 string    `json:"id"`
		State              string    `json:"state"`
		Version            int64     `json:"version"`
		Recipient          *party    `json:"recipient"`
		Email              string    `json:"email"`
		Message            string    `json:"message"`
		SignatureRequested bool      `json:"signature_requested"`
		CreatedAt          time.Time `json:"created_at"`
		ExpiresAt          time.Time `json:"expires_at"`
		OpenedAt           time.Time `json:"opened_at"`
	}
	incoming struct {
		ID                 string       `json:"id"`
		Sender             party        `json:"sender"`
		TypeLabel          string       `json:"type_label"`
		Name               string       `json:"name"`
		Message            string       `json:"message"`
		File               fileOf       `json:"file"`
		SignatureRequested bool         `json:"signature_requested"`
		ReceivedAt         time.Time    `json:"received_at"`
		OpenedAt           time.Time    `json:"opened_at"`
		ExpiresAt          time.Time    `json:"expires_at"`
		SignatureList      []signature  `json:"signature_list"`
		Actions            desk.Actions `json:"actions"`
	}
	begun struct {
		ID     string `json:"id"`
		Offset int64  `json:"offset"`
		Size   int64  `json:"size"`
	}
)
