package power

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"propusk/cabinet/power/emchd"
	"propusk/idp/directory"
	"propusk/signature"
)

// verifyPatience bounds one verification, an outside service's too.
const verifyPatience = 25 * time.Second

// signer is somebody by whose signature a power is given.
type signer struct {
	INN, OGRN string             // of the organisation, by its certificate; "" = by no organisation's
	People    []directory.Person // who may sign with a certificate of their own, by proved numbers
	Named     []emchd.Party      // who signs as the form says; nil = it says nothing
}

// undecidedChecks are the codes of verdicts that may come out otherwise later.
var undecidedChecks = []signature.Code{
	signature.CRLMissing, signature.OCSPUnavailable, signature.OCSPUnknown, signature.NotChecked,
}

// judge says whether the detached signature over content is the signer's: no fault
// when it is. The verdict is nil when nothing could be judged.
func (p *Powers) judge(ctx context.Context, content, cms []byte, by signer) (*signature.Verdict, *emchd.Fault) {
	if len(cms) == 0 {
		return nil, &emchd.Fault{Code: "signature_missing"}
	}
	ctx, cancel := context.WithTimeout(ctx, verifyPatience)
	defer cancel()
	verdict, err := p.Verifier.Verify(ctx, signature.Request{Signature: signature.Decode(cms), Content: content})
	if err != nil {
		p.Log.WarnContext(ctx, "a power's signature could not be judged", "error", err)
		return nil, &emchd.Fault{Code: "signature_undecided"}
	}
	if !verdict.Accepted {
		code := "signature_refused"
		if slices.Contains(undecidedChecks, verdict.Code) {
			code = "signature_undecided"
		}
		return &verdict, &emchd.Fault{Code: code, Value: verdict.Text("ru")}
	}
	if code := by.refuses(verdict.Subject); code != "" {
		return &verdict, &emchd.Fault{Code: code}
	}
	return &verdict, nil
}

// refuses names why the certificate's owner is not the signer; "" when he is.
func (s signer) refuses(subject *signature.Subject) string {
	switch {
	case subject == nil:
		return "signer_other"
	case s.INN != "" && directory.SignsFor(s.INN, s.OGRN, *subject):
		if len(s.Named) > 0 && subject.SNILS != "" && !named(s.Named, subject) {
			return "signer_not_head"
		}
		return ""
	case subject.Kind == signature.KindOrganisation: // who heads two signs for each with its own
		return "signer_other"
	case !slices.ContainsFunc(s.People, func(p directory.Person) bool { return p.Named(*subject) }):
		return "signer_other"
	case len(s.Named) > 0 && !named(s.Named, subject):
		return "signer_not_head"
	}
	return ""
}

// named reports whether the form names the certificate's owner. One who stands in
// it without a number that the certificate has is not named.
func named(parties []emchd.Party, subject *signature.Subject) bool {
	return slices.ContainsFunc(parties, func(p emchd.Party) bool {
		if p.SNILS != "" && subject.SNILS != "" {
			return p.SNILS == subject.SNILS
		}
		return p.INN != "" && p.INN == subject.INN
	})
}

// principalOf is who signs for the organisation itself.
func (p *Powers) principalOf(ctx context.Context, o directory.Organisation, named []emchd.Party) (signer, error) {
	heads, err := p.Directory.Heads(ctx, o.ID)
	if err != nil {
		return signer{}, err
	}
	s := signer{INN: o.INN, OGRN: o.OGRN, Named: named}
	for _, head := range heads {
		s.People = append(s.People, head.Person)
	}
	return s, nil
}

// giverOf is who signs what is handed on from the parent: its representative.
func (p *Powers) giverOf(ctx context.Context, parent directory.PowerOfAttorney) (signer, error) {
	r := parent.Representative.V
	if r.Kind == directory.RepresentsPerson {
		return signer{People: []directory.Person{{
			SNILS: r.SNILS, SNILSVerified: r.SNILS != "", INN: r.INN, INNVerified: r.INN != "",
		}}}, nil
	}
	s := signer{INN: r.INN, OGRN: r.OGRN}
	o, err := p.Directory.OrganisationByINN(ctx, r.INN)
	if errors.Is(err, errNotFound) {
		return s, nil
	}
	if err != nil {
		return signer{}, err
	}
	return p.principalOf(ctx, o, nil)
}

// signerOf is by whose signature a power becomes active.
func (p *Powers) signerOf(ctx context.Context, w directory.PowerOfAttorney, named []emchd.Party) (signer, error) {
	if w.ParentID != "" {
		parent, err := p.Directory.PowerByID(ctx, w.ParentID)
		if err != nil {
			return signer{}, err
		}
		return p.giverOf(ctx, parent)
	}
	o, err := p.Directory.Organisation(ctx, w.OrganisationID)
	if err != nil {
		return signer{}, err
	}
	return p.principalOf(ctx, o, named)
}

// signatureKey tells a detached signature from an attached file by its name.
func signatureName(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, ".xml"), ".pdf") + ".sig"
}
