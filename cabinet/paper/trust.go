package paper

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"

	"propusk/signature"
)

// Trust is the seal as somebody outside keeps it: the certificates alone. With it
// papers verify offline.
type Trust struct{ certificates []*x509.Certificate }

// maxKept is how many certificates a Trust reads.
const maxKept = 1000

// ParseSeal reads what somebody keeps to verify papers with: the answer of
// GET /v1/seal, its JWK set with x5c, or certificates as PEM. Chains may be among
// them: a certificate counts by the key identifier of the code, or by being the
// signer of a file.
func ParseSeal(text []byte) (*Trust, error) {
	t := new(Trust)
	for _, key := range jwkSet(text) {
		if len(key.Certificates) > 0 {
			t.certificates = append(t.certificates, key.Certificates[0])
		}
	}
	for block, rest := pem.Decode(text); block != nil && len(t.certificates) <= maxKept; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil || block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("paper: the seal: a block %q that is no certificate", block.Type)
		}
		t.certificates = append(t.certificates, certificate)
	}
	if n := len(t.certificates); n == 0 || n > maxKept {
		return nil, errors.New("paper: the seal: no certificate in PEM, in a JWK set (x5c) or in the answer of GET /v1/seal")
	}
	return t, nil
}

// jwkSet reads a JWK set, whether it stands alone or in the answer of GET /v1/seal.
func jwkSet(text []byte) []jose.JSONWebKey {
	var set jose.JSONWebKeySet
	if json.Unmarshal(text, &set) == nil {
		return set.Keys
	}
	var answer struct {
		Keys jose.JSONWebKeySet `json:"keys"`
	}
	if json.Unmarshal(text, &answer) == nil {
		return answer.Keys.Keys
	}
	return nil
}

// Read reads a code, as ReadCode does.
func (t *Trust) Read(code string) (Statement, error) { return ReadCode(code, t.certificates...) }

// Verify judges a detached signature that the seal should have made over content.
func (t *Trust) Verify(cms, content []byte) signature.Verdict {
	return signature.VerifyKnown(signature.Request{Signature: cms, Content: content}, t.certificates...)
}
