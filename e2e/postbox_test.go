package e2e

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// postbox takes what a server sends: mail by SMTP, short messages by the gateway.
type postbox struct {
	env []string // how a server is told of it

	mutex    sync.Mutex
	messages []message
}

func newPostbox(t *testing.T) *postbox {
	t.Helper()
	b := &postbox{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go b.converse(conn)
		}
	}()
	phones := httptest.NewServer(http.HandlerFunc(b.short))
	t.Cleanup(phones.Close)
	b.env = []string{
		"PROPUSK_MAIL_HOST=127.0.0.1", fmt.Sprintf("PROPUSK_MAIL_PORT=%d", listener.Addr().(*net.TCPAddr).Port),
		"PROPUSK_MAIL_FROM=Пропуск <noreply@propusk.example>", "PROPUSK_MAIL_TLS=none",
		"PROPUSK_SMS_URL=" + phones.URL, "PROPUSK_SMS_TOKEN=gateway",
	}
	return b
}

// short is the gateway for short messages.
func (b *postbox) short(_ http.ResponseWriter, r *http.Request) {
	var m struct{ To, Text string }
	if json.NewDecoder(r.Body).Decode(&m) == nil {
		b.keep(message{Channel: "sms", To: m.To, Text: m.Text})
	}
}

func (b *postbox) keep(m message) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.messages = append(b.messages, m)
}

// converse speaks as much SMTP (RFC 5321) as a delivery needs.
func (b *postbox) converse(conn net.Conn) {
	defer conn.Close()
	in := textproto.NewReader(bufio.NewReader(conn))
	fmt.Fprint(conn, "220 postbox\r\n")
	to := ""
	for {
		line, err := in.ReadLine()
		if err != nil {
			return
		}
		reply := "250 ok"
		switch verb, rest, _ := strings.Cut(line, " "); strings.ToUpper(verb) {
		case "EHLO":
			reply = "250-postbox\r\n250 8BITMIME"
		case "RCPT":
			to = strings.Trim(strings.TrimPrefix(strings.ToUpper(rest), "TO:"), "<> ")
			to = strings.ToLower(to)
		case "DATA":
			fmt.Fprint(conn, "354 go on\r\n")
			text, err := io.ReadAll(in.DotReader())
			if err != nil {
				return
			}
			subject, body := readMail(string(text))
			b.keep(message{Channel: "email", To: to, Subject: subject, Text: body})
		case "QUIT":
			reply = "221 bye"
		}
		fmt.Fprint(conn, reply+"\r\n")
	}
}

// readMail is the subject and the plain text of a message (RFC 2045 to 2047).
func readMail(text string) (subject, body string) {
	m, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		return "", text
	}
	subject, _ = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	kind, parameters, _ := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if !strings.HasPrefix(kind, "multipart/") {
		return subject, decoded(m.Body, m.Header.Get("Content-Transfer-Encoding"))
	}
	part, err := multipart.NewReader(m.Body, parameters["boundary"]).NextRawPart()
	if err != nil {
		return subject, ""
	}
	return subject, decoded(part, part.Header.Get("Content-Transfer-Encoding"))
}

func decoded(r io.Reader, encoding string) string {
	switch strings.ToLower(encoding) {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	}
	text, _ := io.ReadAll(r)
	return string(text)
}

// await waits for the newest message to somebody that says all the words.
func (b *postbox) await(t testing.TB, to string, words ...string) message {
	t.Helper()
	return b.awaitOne(t, to, func(m message) bool { return saysAll(m.Subject+" "+m.Text, words) }, words...)
}

// awaitOne waits for the newest message to somebody that fits.
func (b *postbox) awaitOne(t testing.TB, to string, fits func(message) bool, words ...string) message {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		b.mutex.Lock()
		for i := len(b.messages) - 1; i >= 0; i-- {
			if m := b.messages[i]; m.To == to && fits(m) {
				b.mutex.Unlock()
				return m
			}
		}
		b.mutex.Unlock()
	}
	t.Fatalf("no message to %s that says %q", to, words)
	return message{}
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// code is the code in the newest message to somebody that has one: a notice without one
// may overtake it.
func (b *postbox) code(t testing.TB, to string) string {
	t.Helper()
	m := b.awaitOne(t, to, func(m message) bool { return sixDigits.MatchString(m.Text) }, "a code")
	return sixDigits.FindString(m.Text)
}
