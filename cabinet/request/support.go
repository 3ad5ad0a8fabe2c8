package request

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"propusk/idp/directory"
	"propusk/storage"
)

// Support is how people reach the support beside the cabinet (rows 258, 263, 266).
type Support struct {
	Phones []string `json:"phones"` // round the clock
	Email  string   `json:"email"`
}

// ticketKinds are the types of tickets (row 259).
var ticketKinds = []struct {
	kind string
	label
}{
	{"technical", label{"Техническая проблема", "Technical problem"}},
	{"sign_in", label{"Авторизация", "Signing in"}},
	{"settings", label{"Настройка функций", "Setting things up"}},
	{"registration", label{"Регистрация организации", "Registering an organisation"}},
	{"payment", label{"Начисления и платежи", "Accruals and payments"}},
	{"error", label{"Сообщение об ошибке", "An error to report"}},
	{"other", label{"Другой вопрос", "Something else"}},
}

func ticketKindLabel(kind, lang string) string {
	for _, known := range ticketKinds {
		if known.kind == kind {
			return known.in(lang)
		}
	}
	return ""
}

// The channels by which a writer of a ticket wants the answer (row 260), beside
// the cabinet, where it always is (row 267).
var replyChannels = []string{"cabinet", "email", "phone"}

// checkTicket: the fields of rows 260, 269 and 294. Contacts are needed for the
// channel that the answer is wished by.
func (n NewRequest) checkTicket() error {
	if ticketKindLabel(n.Kind, "ru") == "" {
		return &FieldError{Field: "kind", Code: "not_allowed"}
	}
	if len(n.Files) > ticketMost {
		return &FieldError{Field: "files", Code: "request_too_many_files", Args: map[string]string{"most": fmt.Sprint(ticketMost)}}
	}
	d := n.Details
	switch {
	case !slices.Contains(replyChannels, d.ReplyChannel):
		return &FieldError{Field: "reply_channel", Code: "not_allowed"}
	case d.ReplyChannel == "email" && d.Email == "", d.Email != "" && !plausibleEmail(d.Email):
		return &FieldError{Field: "email", Code: "invalid"}
	case d.ReplyChannel == "phone" && d.Phone == "", d.Phone != "" && !plausiblePhone(d.Phone):
		return &FieldError{Field: "phone", Code: "invalid"}
	case n.Kind == "error" && d.ErrorCode == "":
		return &FieldError{Field: "error_code", Code: "required"}
	case d.ErrorCode != "" && !validErrorCode(d.ErrorCode):
		return &FieldError{Field: "error_code", Code: "format"}
	}
	return nil
}

func plausibleEmail(s string) bool {
	_, ok := directory.NormaliseEmail(s)
	return ok
}

func plausiblePhone(s string) bool {
	_, ok := directory.NormalisePhone(s)
	return ok
}

// validErrorCode accepts the code of a problem of this API.
func validErrorCode(s string) bool {
	return len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' && r != '.' && r != ':' && r != '-'
	})
}

// checkEarlier finds the requests that a ticket names by their numbers: the one
// that it repeats (row 264) and the one that it is about (row 294). Both must be
// the organisation's own.
func (b *Inbox) checkEarlier(ctx context.Context, organisationID string, d *Details) error {
	for field, number := range map[string]*string{"earlier": &d.Earlier, "related": &d.Related} {
		if *number == "" {
			continue
		}
		canonical, ok := ParseNumber(*number)
		if !ok {
			return &FieldError{Field: field, Code: "request_number"}
		}
		if _, err := b.FindNumber(ctx, organisationID, canonical); errors.Is(err, storage.ErrNotFound) {
			return &FieldError{Field: field, Code: "request_unknown_number"}
		} else if err != nil {
			return err
		}
		*number = canonical
	}
	return nil
}
