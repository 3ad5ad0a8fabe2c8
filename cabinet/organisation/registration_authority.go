package organisation

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/signature"
)

// registrationText is what the organisation's certificate signs: the application
// itself. It says nothing that changes between being shown and being signed.
func registrationText(r registration, p directory.Person) string {
	q := r.Draft.V.Requisites
	return strings.Join([]string{
		"Заявление о создании личного кабинета организации",
		"Организация: " + q.FullName,
		"ИНН: " + q.INN,
		"ОГРН: " + q.OGRN,
		"Заявитель и первый администратор: " + p.FullName(),
		"Номер заявления: " + r.ID,
		"",
	}, "\n")
}

// signatureBody is a detached signature in base64.
type signatureBody struct {
	Signature string `json:"signature"`
}

func (b signatureBody) decode() ([]byte, error) {
	der, err := base64.StdEncoding.DecodeString(b.Signature)
	if err != nil || len(der) == 0 {
		return nil, api.InvalidField("/signature", "format")
	}
	return der, nil
}

// signRegistration answers POST /v1/registrations/{id}/signature: who holds the
// organisation's qualified certificate may open its cabinet (rows 115, 297). The
// certificate must name the organisation and the applicant: a certificate borrowed
// from its owner opens nothing.
func (o *Organisations) signRegistration(c api.Call) error {
	r, err := o.named(c)
	if err != nil {
		return err
	}
	var body signatureBody
	if err := api.ReadObjectUpTo(c, signatureLimit, &body); err != nil {
		return err
	}
	der, err := body.decode()
	if err != nil {
		return err
	}
	if !r.open() || r.Draft.V.Requisites.INN == "" {
		return notAtStep("registration_state", r.State)
	}
	p, err := o.Directory.Person(c.Ctx(), r.PersonID)
	if err != nil {
		return err
	}
	verdict, err := o.judge(c, der, []byte(registrationText(r, p)))
	if err != nil {
		return err
	}
	q := r.Draft.V.Requisites
	if !directory.SignsFor(q.INN, q.OGRN, *verdict.Subject) {
		return api.Refuse("organization_signature_other")
	}
	if !p.Named(*verdict.Subject) {
		return api.Refuse("organization_signature_person")
	}
	r.Proofs.V.Authority = &basis{Kind: "signature", Detail: verdict.Certificate.Serial, At: o.time()}
	r.Proofs.V.Verdict = encodeVerdict(verdict)
	return o.authorised(c, r)
}

// authorised stores why the applicant may open the cabinet.
func (o *Organisations) authorised(c api.Call, r registration) error {
	err := o.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		if err := o.storeRegistration(ctx, &r, r.State); err != nil {
			return err
		}
		return o.record(ctx, c.Actor(), "", "registration.authorised", r.ID,
			map[string]string{"by": r.Proofs.V.Authority.Kind, "detail": r.Proofs.V.Authority.Detail})
	})
	if err != nil {
		return err
	}
	return o.answerRegistration(c, http.StatusOK, r)
}

// signatureLimit bounds a body that carries a signature, in bytes of base64.
const signatureLimit = 256 << 10

// judge verifies a detached signature and refuses it with every check that failed.
func (o *Organisations) judge(c api.Call, der, content []byte) (signature.Verdict, error) {
	verdict, err := o.Verifier.Verify(c.Ctx(), signature.Request{Signature: der, Content: content})
	switch {
	case errors.Is(err, signature.ErrBusy):
		return verdict, api.Refuse("verifier_busy").After(2).Wrap(err)
	case err != nil:
		return verdict, api.Refuse("signatures_unavailable").Wrap(err)
	case !verdict.Accepted || verdict.Subject == nil || verdict.Certificate == nil:
		return verdict, api.Refuse("organization_signature_refused").With("reasons", failedChecks(verdict, c.Lang()))
	}
	return verdict, nil
}

// failedChecks says in words why a signature was refused.
func failedChecks(v signature.Verdict, lang string) string {
	var reasons []string
	for _, check := range v.Checks {
		if check.Status == signature.Failed {
			reasons = append(reasons, check.Text(lang))
		}
	}
	if len(reasons) == 0 {
		return v.Text(lang)
	}
	return strings.Join(reasons, " ")
}

func encodeVerdict(v signature.Verdict) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("organisation: a verdict is not JSON: %v", err))
	}
	return string(text)
}

// powerOf looks whether a signed document of the registration is a power of
// attorney that opens the cabinet by itself, and makes it the basis then.
func (o *Organisations) powerOf(ctx context.Context, r *registration, content, der []byte) error {
	if o.Power == nil {
		return nil
	}
	p, err := o.Directory.Person(ctx, r.PersonID)
	if err != nil {
		return err
	}
	q := r.Draft.V.Requisites
	number, err := o.Power(ctx, PowerClaim{Content: content, Signature: der, INN: q.INN, OGRN: q.OGRN, Person: p})
	if err != nil {
		return err
	}
	r.Proofs.V.Authority = &basis{Kind: "power_of_attorney", Detail: number, At: o.time()}
	return nil
}
