package outbox_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"

	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/outbox"
)

var message = outbox.Message{ID: "id-1", Channel: "sms", To: "+79990000000", Text: "Код 123456", Code: "123456", At: 1}

func TestGatewayRequest(t *testing.T) {
	t.Parallel()
	var got map[string]string
	var header http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil || r.Method != http.MethodPost {
			t.Error(r.Method, err)
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	defer server.Close()
	g := outbox.NewGateway(outbox.Gateway{URL: server.URL, Token: "t0ken", From: "Propusk"})
	if err := g.Deliver(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(map[string]string{"id": "id-1", "from": "Propusk", "to": "+79990000000", "text": "Код 123456"}) {
		t.Errorf("%v", got)
	}
	if header.Get("Authorization") != "Bearer t0ken" || header.Get("Idempotency-Key") != "id-1" || header.Get("Content-Type") != "application/json" {
		t.Errorf("%v", header)
	}
}

func TestGatewayAnswersAreFinalOrNot(t *testing.T) {
	t.Parallel()
	for status, permanent := range map[int]bool{500: false, 503: false, 429: false, 408: false, 425: false, 400: true, 401: true, 302: true} {
		elsewhere := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/elsewhere" {
				elsewhere++
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		}))
		err := outbox.NewGateway(outbox.Gateway{URL: server.URL}).Deliver(t.Context(), message)
		server.Close()
		if err == nil || jobs.IsPermanent(err) != permanent || strings.Contains(err.Error(), "123456") || elsewhere != 0 {
			t.Errorf("%d: %v, %d times elsewhere", status, err, elsewhere)
		}
	}
	err := outbox.NewGateway(outbox.Gateway{URL: "http://127.0.0.1:1"}).Deliver(t.Context(), message)
	if err == nil || jobs.IsPermanent(err) {
		t.Errorf("a gateway that is down: %v", err)
	}
	if err := outbox.NewGateway(outbox.Gateway{URL: "::"}).Deliver(t.Context(), message); !jobs.IsPermanent(err) {
		t.Errorf("a gateway without address: %v", err)
	}
}

// mailServer speaks as much SMTP as a delivery needs. answer may replace the
// answer to a command.
func mailServer(t *testing.T, answer func(command string) string) (port int, mail func() string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	said := make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		said <- converse(conn, answer)
	}()
	return listener.Addr().(*net.TCPAddr).Port, func() string { return <-said }
}

func converse(conn net.Conn, answer func(string) string) string {
	in, session := textproto.NewReader(bufio.NewReader(conn)), ""
	fmt.Fprint(conn, "220 test\r\n")
	for {
		line, err := in.ReadLine()
		if err != nil {
			return session
		}
		session += line + "\n"
		reply := answer(line)
		switch verb := strings.ToUpper(strings.SplitN(line, " ", 2)[0]); {
		case reply != "":
		case verb == "EHLO":
			reply = "250-test\r\n250 8BITMIME"
		case verb == "DATA":
			fmt.Fprint(conn, "354 go on\r\n")
			text, _ := in.ReadDotLines()
			session += strings.Join(text, "\n") + "\n"
			reply = "250 ok"
		case verb == "QUIT":
			reply = "221 bye"
		default:
			reply = "250 ok"
		}
		fmt.Fprint(conn, reply+"\r\n")
	}
}

func smtpTo(port int) outbox.Channel {
	return outbox.NewSMTP(outbox.SMTP{Host: "127.0.0.1", Port: port, From: "Пропуск <noreply@example.ru>", TLS: "none"})
}

func TestMail(t *testing.T) {
	t.Parallel()
	port, session := mailServer(t, func(string) string { return "" })
	m := outbox.Message{
		ID: "id-1", Channel: "email", To: "anna@example.ru", Text: "Ваш код 123456", At: storage.Time(1767323045000000),
		Subject: "Код\r\nBcc: everyone@example.ru",
	}
	if err := smtpTo(port).Deliver(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := session()
	for _, want := range []string{
		"MAIL FROM:<noreply@example.ru>", "RCPT TO:<anna@example.ru>", "Message-ID: <id-1@127.0.0.1>", "Auto-Submitted: auto-generated",
		"Date: Fri, 02 Jan 2026 03:04:05 +0000", "Content-Type: text/plain; charset=UTF-8",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "\nBcc:") || strings.Count(got, "RCPT TO") != 1 {
		t.Errorf("a subject added an addressee:\n%s", got)
	}
}

func TestMailFailuresAreFinalOrNot(t *testing.T) {
	t.Parallel()
	for reply, permanent := range map[string]bool{"550 no such mailbox": true, "451 come back later": false, "550 5.1.1 <Anna@Example.ru> unknown": true} {
		port, _ := mailServer(t, func(command string) string {
			if strings.HasPrefix(command, "RCPT") {
				return reply
			}
			return ""
		})
		err := smtpTo(port).Deliver(t.Context(), outbox.Message{ID: "i", To: "anna@example.ru", Text: "123456"})
		if err == nil || jobs.IsPermanent(err) != permanent || strings.Contains(err.Error(), "123456") || strings.Contains(strings.ToLower(err.Error()), "anna") {
			t.Errorf("%s: %v", reply, err)
		}
	}
	if err := smtpTo(1).Deliver(t.Context(), outbox.Message{ID: "i", To: "anna@example.ru"}); err == nil || jobs.IsPermanent(err) {
		t.Errorf("a server that is down: %v", err)
	}
	for _, to := range []string{"nobody", "a@b\r\nRCPT TO:<c@d>", ""} {
		if err := smtpTo(1).Deliver(t.Context(), outbox.Message{ID: "i", To: to}); !jobs.IsPermanent(err) {
			t.Errorf("to %q: %v", to, err)
		}
	}
	bad := outbox.NewSMTP(outbox.SMTP{Host: "127.0.0.1", From: "nobody"})
	if err := bad.Deliver(t.Context(), outbox.Message{ID: "i", To: "anna@example.ru"}); !jobs.IsPermanent(err) {
		t.Errorf("from nobody: %v", err)
	}
}

// A server that offers no TLS gets neither the password nor the mail.
func TestMailIsNotSentReadablyUnlessToldSo(t *testing.T) {
	t.Parallel()
	for _, tls := range []string{"", "starttls", "implicit"} {
		port, session := mailServer(t, func(string) string { return "" })
		channel := outbox.NewSMTP(outbox.SMTP{Host: "127.0.0.1", Port: port, Username: "u", Password: "p", From: "a@example.ru", TLS: tls})
		if err := channel.Deliver(t.Context(), outbox.Message{ID: "i", To: "anna@example.ru", Text: "123456"}); err == nil || jobs.IsPermanent(err) {
			t.Errorf("%q: %v", tls, err)
		}
		if got := session(); strings.Contains(got, "MAIL FROM") || strings.Contains(got, "AUTH") {
			t.Errorf("%q:\n%s", tls, got)
		}
	}
}

func TestMailCarriesAttachmentsWhoseNamesAddNoHeader(t *testing.T) {
	t.Parallel()
	port, session := mailServer(t, func(string) string { return "" })
	m := outbox.Message{
		ID: "id-1", Channel: "email", To: "anna@example.ru", Text: "Выписка", At: 1, Subject: "Выписка",
		Attachments: []outbox.Attachment{{
			Name: "выписка\r\nBcc: everyone@example.ru\".pdf", MediaType: "application/pdf", Content: []byte("%PDF-1.3 bytes"), Size: 14,
		}},
	}
	if err := smtpTo(port).Deliver(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := session()
	if !strings.Contains(got, "Content-Type: application/pdf") || !strings.Contains(got, "JVBERi0xLjMgYnl0ZXM=") {
		t.Errorf("no attachment in\n%s", got)
	}
	if strings.Contains(got, "\nBcc:") || strings.Count(got, "RCPT TO") != 1 {
		t.Errorf("a file's name added a header:\n%s", got)
	}
}
