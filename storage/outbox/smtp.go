package outbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"time"

	"github.com/wneessen/go-mail"

	"propusk/storage/jobs"
)

// SMTP is a mail server that takes our mail (RFC 5321).
type SMTP struct {
	Host     string
	Port     int    // 0: 587 for starttls, 465 for implicit, 25 for none
	Username string // empty: no authentication
	Password string
	From     string // "Пропуск <noreply@example.ru>"
	// TLS is "starttls" (the default: refuse to go on without), "implicit", or
	// "none". DANGER: none sends codes and the password readable; it is for a
	// server on this machine.
	TLS string
}

// smtpTimeout bounds one delivery.
const smtpTimeout = 30 * time.Second

type smtp struct {
	SMTP
	options []mail.Option
}

// NewSMTP returns the channel. What is wrong with the settings shows at the
// first delivery; conf checks them before.
func NewSMTP(s SMTP) Channel {
	options := []mail.Option{mail.WithTimeout(smtpTimeout)}
	port := 587
	switch s.TLS {
	case "implicit":
		port = 465
		options = append(options, mail.WithSSL())
	case "none":
		port = 25
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.Port != 0 {
		port = s.Port
	}
	options = append(options, mail.WithPort(port))
	if s.Username != "" {
		auth := mail.SMTPAuthAutoDiscover
		if s.TLS == "none" {
			auth = mail.SMTPAuthPlainNoEnc
		}
		options = append(options, mail.WithSMTPAuth(auth), mail.WithUsername(s.Username), mail.WithPassword(s.Password))
	}
	return &smtp{SMTP: s, options: options}
}

// Deliver implements Channel.
func (s *smtp) Deliver(ctx context.Context, m Message) error {
	msg, err := s.compose(m)
	if err != nil {
		return jobs.Permanent(err)
	}
	options, hangUp := s.dialling()
	defer hangUp()
	client, err := mail.NewClient(s.Host, options...)
	if err != nil {
		return jobs.Permanent(fmt.Errorf("smtp: %w", err))
	}
	ctx, cancel := context.WithTimeout(ctx, smtpTimeout)
	defer cancel()
	err = client.DialAndSendWithContext(ctx, msg)
	if final := (*mail.SendError)(nil); errors.As(err, &final) && !final.IsTemp() && final.ErrorCode() >= 500 {
		return jobs.Permanent(withoutAddressee(err, m.To))
	}
	if err != nil {
		return withoutAddressee(err, m.To)
	}
	return nil
}

// withoutAddressee is err without the person's address, which the library names and
// servers repeat: the error goes to the log and stays with the job.
func withoutAddressee(err error, to string) error {
	address := regexp.MustCompile(`(?i)` + regexp.QuoteMeta(to))
	return errors.New("smtp: " + address.ReplaceAllLiteralString(err.Error(), "***"))
}

// dialling returns the options for one delivery and what closes its connection.
// The library forgets to when the server's greeting, STARTTLS or the password
// fail; with implicit TLS it must dial itself to know that it is encrypted, and
// there a connection whose password failed is left to the garbage collector.
func (s *smtp) dialling() (options []mail.Option, hangUp func()) {
	if s.TLS == "implicit" {
		return s.options, func() {}
	}
	var open []net.Conn
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err == nil {
			open = append(open, conn)
		}
		return conn, err
	}
	return append(slices.Clone(s.options), mail.WithDialContextFunc(dial)), func() {
		for _, conn := range open {
			conn.Close()
		}
	}
}

// compose makes the mail. The library parses the addresses and encodes the
// headers (RFC 2047), so nothing in a message can add a header or an addressee.
func (s *smtp) compose(m Message) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.From(s.From); err != nil {
		return nil, fmt.Errorf("smtp: from: %w", err)
	}
	if err := msg.To(m.To); err != nil {
		return nil, errors.New("smtp: the addressee is not a mail address") // err would log it
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.At.Time())
	msg.SetMessageIDWithValue(m.ID + "@" + s.Host)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 §5
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	for _, a := range m.Attachments {
		if err := msg.AttachReader(a.Name, bytes.NewReader(a.Content), mail.WithFileContentType(mail.ContentType(a.MediaType))); err != nil {
			return nil, fmt.Errorf("smtp: attach: %w", err)
		}
	}
	return msg, nil
}
