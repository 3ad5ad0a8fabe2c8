package signature

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"time"

	"propusk/signature/pki"
)

// ocspMaxAge bounds an answer that names no end of its own.
const ocspMaxAge = 10 * time.Minute

// maxAnswer bounds an OCSP answer in bytes.
const maxAnswer = 64 << 10

// fromResponders asks the responders of the authority, one after the other. asked
// is false when there is none to ask.
func (r *Revocations) fromResponders(ctx context.Context, certificate, issuer *pki.Certificate, at time.Time) (evidence Evidence, asked bool, fault *Fault) {
	if r.deps.Client == nil || r.deps.Trust == nil {
		return Evidence{}, false, nil
	}
	authority := r.deps.Trust.state.Load().answersFor(issuer)
	if authority == nil || len(authority.OCSP) == 0 {
		return Evidence{}, false, nil
	}
	for _, address := range authority.OCSP {
		evidence, fault = r.ask(ctx, address, authority.OCSPNonceOptional, certificate, issuer, at)
		if fault == nil {
			return evidence, true, nil
		}
		r.deps.Log.WarnContext(ctx, "OCSP responder gave no usable answer", "authority", authority.Name, "address", address, "error", fault)
	}
	return Evidence{}, true, fault
}

// ask sends one question with a fresh nonce and judges the answer.
func (r *Revocations) ask(ctx context.Context, address string, nonceOptional bool, certificate, issuer *pki.Certificate, at time.Time) (Evidence, *Fault) {
	nonce := make([]byte, 32)
	rand.Read(nonce)
	var body []byte
	err := aside(ctx, func() (err error) {
		body, err = r.post(ctx, address, pki.OCSPRequest(certificate, issuer, nonce))
		return err
	})
	if err != nil {
		return Evidence{}, faultf(OCSPUnavailable, "%s: %v", address, err)
	}
	response, fault := pki.ParseOCSP(body)
	if fault != nil {
		return Evidence{}, fault
	}
	single, fault := response.Check(pki.OCSPCheck{
		Certificate: certificate, Issuer: issuer, At: r.deps.Now(), Skew: r.deps.Skew,
		MaxAge: ocspMaxAge, Nonce: nonce, NonceOptional: nonceOptional,
	})
	if fault != nil {
		return Evidence{}, fault
	}
	if single.Status == pki.OCSPGood && certificate.NotAfter.Before(single.ThisUpdate) {
		// A responder may forget who has expired (RFC 6960 §4.4.4), as a list may.
		return Evidence{}, faultf(pki.OCSPStale, "the answer is from after the certificate's end")
	}
	return judge(single, at)
}

// judge turns an answer into evidence about a time.
func judge(single pki.OCSPSingle, at time.Time) (Evidence, *Fault) {
	evidence := Evidence{Source: "ocsp", Until: single.NextUpdate}
	switch {
	case single.Status == pki.OCSPUnknown:
		return Evidence{}, faultf(OCSPUnknown, "the responder does not know the certificate")
	case single.Status == pki.OCSPRevoked && !single.RevokedAt.After(at):
		evidence.Revoked, evidence.At, evidence.Reason = true, single.RevokedAt, single.Reason
	}
	return evidence, nil
}

func (r *Revocations) post(ctx context.Context, address string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/ocsp-request")
	response, err := r.deps.Client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("HTTP status %d", response.StatusCode)
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err == nil && len(answer) > maxAnswer {
		err = fmt.Errorf("larger than %d bytes", maxAnswer)
	}
	return answer, err
}
