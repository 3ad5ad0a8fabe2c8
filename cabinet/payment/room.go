package payment

import (
	_ "embed"
	"errors"

	"propusk/cabinet/api"
	"propusk/cabinet/request"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
)

//go:embed openapi.json
var document []byte

const second = "urn:propusk:2"

// CallbackPath is where the payment provider tells of an outcome.
const CallbackPath = "/v1/payments/callback"

// read is a route that shows finances.
func read(method, path string, handle func(api.Call) error) api.Route {
	return api.Route{
		Method: method, Path: path, Access: api.OrganisationToken, Scope: string(directory.FinanceRead), Permission: directory.FinanceRead, Handle: handle,
	}
}

// act is a route that moves money, or prepares it.
func act(method, path string, handle func(api.Call) error) api.Route {
	return api.Route{
		Method: method, Path: path, Access: api.OrganisationToken, Scope: string(directory.FinanceWrite), Permission: directory.FinanceWrite,
		ACR: second, Weighty: true, Idempotent: true, Handle: handle,
	}
}

// reporting is a route that opens a ticket.
func reporting(path string, handle func(api.Call) error) api.Route {
	return api.Route{
		Method: "POST", Path: path, Access: api.OrganisationToken, Scope: string(directory.RequestsWrite), Permission: directory.RequestsWrite,
		Idempotent: true, Handle: handle,
	}
}

// Room is the part of the API that the package serves.
func (p *Payments) Room() api.Room {
	once := func(route api.Route) api.Route { // a code is never answered from memory
		route.Idempotent = false
		return route
	}
	return api.Room{
		Name: "payment",
		Routes: []api.Route{
			read("GET", "/v1/accruals", p.listAccruals),
			read("GET", "/v1/accruals/summary", p.getSummary),
			read("GET", "/v1/accruals/payees", p.getPayees),
			read("GET", "/v1/accruals/export", p.export(p.accrualsKind())),
			read("GET", "/v1/accruals/inquiry", p.getInquiry),
			read("POST", "/v1/accruals/inquiry", p.postInquiry),
			read("GET", "/v1/accruals/{id}", p.getAccrual),
			read("GET", "/v1/accruals/{id}/documents/{file}", p.getDocument),
			reporting("/v1/accruals/{id}/problems", p.postProblem),

			read("GET", "/v1/payment-accounts", p.listAccounts),
			once(act("POST", "/v1/payment-accounts", p.postAccount)),
			once(act("POST", "/v1/payment-accounts/{id}/confirm", p.confirmAccount)),
			act("DELETE", "/v1/payment-accounts/{id}", p.deleteAccount),

			act("POST", "/v1/payments", p.post),
			read("GET", "/v1/payments", p.list),
			read("GET", "/v1/payments/export", p.export(p.paymentsKind())),
			read("GET", "/v1/payments/{id}", p.get),
			read("GET", "/v1/payments/{id}/orders", p.getOrders),
			read("GET", "/v1/payments/{id}/qr", p.getQR),
			read("GET", "/v1/payments/{id}/receipt", p.getReceipt),
			act("POST", "/v1/payments/{id}/sign", p.sign),
			act("POST", "/v1/payments/{id}/cancel", p.cancel),

			{Method: "POST", Path: CallbackPath, Access: api.Public, Handle: p.callback},
		},
		Document: document, Texts: texts, FieldTexts: fieldTexts,
	}
}

// refusals are the package's errors in the API's codes.
var refusals = []struct {
	err  error
	code string
}{
	{ErrState, "payment_state"},
	{ErrTaken, "accrual_being_paid"},
	{ErrNothingDue, "accrual_nothing_due"},
	{ErrChanged, "accrual_changed"},
	{ErrTooMany, "payment_too_many"},
	{ErrUnavailable, "payment_unavailable"},
	{ErrAccount, "payment_account_unusable"},
	{ErrContact, "payment_code_nowhere"},
	{ErrCode, "payment_code_wrong"},
	{ErrCodeOver, "payment_code_over"},
	{ErrTooSoon, "payment_code_too_soon"},
	{ErrStale, "version_changed"},
	{ErrNoVerifier, "signatures_unavailable"},
	{directory.ErrSigner, "payment_signer"},
}

// refusal tells the package's errors in the API's codes.
func refusal(err error) error {
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		return signatureRefusal(refused).Wrap(err)
	}
	if errors.Is(err, signature.ErrBusy) {
		return api.Refuse("verifier_busy").After(2).Wrap(err)
	}
	for _, known := range refusals {
		if errors.Is(err, known.err) {
			return api.Refuse(known.code).Wrap(err)
		}
	}
	if _, ok := errors.AsType[*request.FieldError](err); ok {
		return request.Refusal(err)
	}
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, directory.ErrForbidden) {
		return api.DirectoryRefusal(err)
	}
	return err
}

// signatureRefusal shows every check that failed, in words.
func signatureRefusal(r *RefusedError) *api.Refusal {
	refused := api.Refuse("payment_signature_refused").Because("signature_" + string(r.Verdict.Code))
	for _, check := range r.Verdict.Checks {
		if check.Status == signature.Failed {
			refused = refused.About(api.FieldFault{Pointer: "/signature", Code: "signature_" + string(check.Code)})
		}
	}
	return refused
}
