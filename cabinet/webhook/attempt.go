package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"propusk/cabinet/notice"
	"propusk/storage"
	"propusk/storage/outside"
)

// attempt is one request to a webhook and what came of it, as the log keeps it.
type attempt struct {
	ID             string                          `db:"id"`
	OrganisationID string                          `db:"organisation_id"`
	DeliveryID     string                          `db:"delivery_id"`
	At             storage.Time                    `db:"at"`
	Took           int64                           `db:"took"`   // microseconds
	Status         int64                           `db:"status"` // 0 = no answer
	Error          string                          `db:"error"`  // a word of faultOf; "" = delivered
	RequestHeaders storage.JSON[map[string]string] `db:"request_headers"`
	Answer         string                          `db:"answer"` // its beginning, masked

	retryAfter time.Duration // 0 = the answer says nothing
}

const attemptColumns = `id, organisation_id, delivery_id, at, took, status, error, request_headers, answer`

// keptAnswer is how much of an answer the log keeps, in bytes.
const keptAnswer = 4 << 10

// userAgent names us to receivers.
const userAgent = "Propusk-Webhooks/1"

// ask sends a delivery once. It never fails: what goes wrong is what the attempt
// says.
func (w *Webhooks) ask(ctx context.Context, e endpoint, d delivery, live []string) attempt {
	now := w.Now()
	a := attempt{ID: storage.NewID(), OrganisationID: d.OrganisationID, DeliveryID: d.ID, At: storage.Of(now)}
	request, err := w.request(ctx, e, d, live, now)
	if err != nil {
		a.Error = "request_refused"
		return a
	}
	a.RequestHeaders.V = shownHeaders(request.Header)
	began := time.Now()
	response, err := w.client.Do(request)
	if err == nil {
		defer response.Body.Close()
		var kept []byte
		kept, err = io.ReadAll(io.LimitReader(response.Body, keptAnswer))
		_, _ = io.CopyN(io.Discard, response.Body, 64<<10) // so that the connection can be used again
		a.Status, a.Answer = int64(response.StatusCode), maskAnswer(kept)
		a.retryAfter = retryAfter(response)
	}
	a.Took = time.Since(began).Microseconds()
	a.Error = faultOf(err, int(a.Status))
	return a
}

func (w *Webhooks) request(ctx context.Context, e endpoint, d delivery, live []string, now time.Time) (*http.Request, error) {
	body := []byte(d.Body)
	timestamp := strconv.FormatInt(now.Unix(), 10)
	signed, err := sign(live, d.MessageID, timestamp, body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "User-Agent": userAgent,
		HeaderID: d.MessageID, HeaderTimestamp: timestamp, HeaderSignature: signed,
	} {
		request.Header.Set(name, value)
	}
	return request, nil
}

// shownHeaders is what the log shows of the request: whoever reads a signature in
// it could send the message again as us, for as long as its timestamp is good.
func shownHeaders(header http.Header) map[string]string {
	shown := map[string]string{}
	for name := range header {
		shown[strings.ToLower(name)] = header.Get(name)
	}
	parts := strings.Fields(header.Get(HeaderSignature))
	for i := range parts {
		parts[i] = "v1,***"
	}
	shown[strings.ToLower(HeaderSignature)] = strings.Join(parts, " ")
	return shown
}

// faultOf says in one word why an attempt failed; "" when it did not. It tells no
// more of the network than that, or the log would be a scanner of it.
func faultOf(err error, status int) string {
	switch {
	case errors.Is(err, outside.ErrUnreachable):
		return "address_refused"
	case err != nil && isTimeout(err):
		return "timeout"
	case err != nil && isTLS(err):
		return "tls_failed"
	case err != nil && status == 0:
		return "connection_failed"
	case err != nil:
		return "answer_broken"
	case status >= 200 && status < 300:
		return ""
	case status >= 300 && status < 400:
		return "redirect_refused"
	case status == http.StatusGone:
		return "gone"
	}
	return "status"
}

func isTimeout(err error) bool {
	var known net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &known) && known.Timeout()
}

func isTLS(err error) bool {
	_, record := errors.AsType[tls.RecordHeaderError](err)
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	_, other := errors.AsType[x509.HostnameError](err)
	_, verification := errors.AsType[*tls.CertificateVerificationError](err)
	return record || unknown || invalid || other || verification
}

// retryAfter reads the header of an answer that asks to be left alone (RFC 9110
// §10.2.3, in seconds), an hour at most.
func retryAfter(response *http.Response) time.Duration {
	if response.StatusCode != http.StatusTooManyRequests && response.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
	if err != nil || seconds <= 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, time.Hour)
}

// secretsIn finds what must not be kept of an answer: tokens, our secrets, and
// members of JSON that are named as secrets.
var secretsIn = []*regexp.Regexp{
	regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*`),
	regexp.MustCompile(`whsec_[A-Za-z0-9+/=_-]+`),
	regexp.MustCompile(`(?i)\b(?:bearer|basic|dpop)\s+[A-Za-z0-9+/=._~-]{8,}`),
	regexp.MustCompile(`(?i)"[a-z_-]*(?:password|passwd|secret|token|authorization|api_?key|cookie)[a-z_-]*"\s*:\s*"(?:[^"\\]|\\.)*"?`),
}

// maskAnswer makes the beginning of an answer fit to be kept.
func maskAnswer(raw []byte) string {
	text := strings.ToValidUTF8(strings.ReplaceAll(string(raw), "\x00", ""), "\uFFFD")
	for _, pattern := range secretsIn {
		text = pattern.ReplaceAllString(text, "***")
	}
	return notice.Mask(text)
}
