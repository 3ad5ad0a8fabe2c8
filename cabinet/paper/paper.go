package paper

import (
	"errors"
	"fmt"
	"time"

	"propusk/signature"
)

// Deps is what a Paper works with; all are required.
type Deps struct {
	Seal   *Seal
	Issuer string // the service's public address: iss of codes
	Name   string // how the service calls itself on paper
	Now    func() time.Time
}

// Paper prints and signs. It is safe for concurrent use.
type Paper struct{ deps Deps }

// New checks the dependencies.
func New(deps Deps) (*Paper, error) {
	for name, missing := range map[string]bool{
		"Seal": deps.Seal == nil, "Issuer": deps.Issuer == "", "Name": deps.Name == "", "Now": deps.Now == nil,
	} {
		if missing {
			return nil, errors.New("paper: " + name + " is required")
		}
	}
	return &Paper{deps: deps}, nil
}

// Sign makes the seal's detached CAdES-BES signature over content, in DER.
// signature.VerifyKnown with the seal's certificates and `openssl cms -verify`
// accept it.
func (p *Paper) Sign(content []byte) (cms []byte, err error) {
	stamp := p.deps.Seal.stamp()
	cms, err = signature.Sign(stamp.key, stamp.chain, content, p.deps.Now())
	if err != nil {
		return nil, fmt.Errorf("paper: sign: %w", err)
	}
	return cms, nil
}

// Verify judges a detached signature that a seal of this service, of now or of
// earlier, should have made.
func (p *Paper) Verify(cms, content []byte) signature.Verdict {
	return signature.VerifyKnown(signature.Request{Signature: cms, Content: content}, p.deps.Seal.Certificates()...)
}

// Issue prints the document with a code that says the claims and is bound to the
// text of this document alone: the claim "txt" holds its digest, by which a code cut
// out of another paper is found out. d.Code is not looked at.
func (p *Paper) Issue(d Document, claims map[string]any) (pdf []byte, code string, err error) {
	d.Code = ""
	text, err := p.text(d)
	if err != nil {
		return nil, "", err
	}
	bound := make(map[string]any, len(claims)+1)
	for name, value := range claims {
		bound[name] = value
	}
	bound[claimText] = textDigest(text)
	if code, err = p.Code(bound); err != nil {
		return nil, "", err
	}
	d.Code = code
	if pdf, err = p.PDF(d); err != nil {
		return nil, "", err
	}
	return pdf, code, nil
}
