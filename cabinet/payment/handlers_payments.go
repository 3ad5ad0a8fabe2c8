package payment

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"

	"github.com/skip2/go-qrcode"

	"propusk/cabinet/api"
	"propusk/cabinet/authority/httpsig"
	"propusk/cabinet/payment/provider"
	"propusk/signature"
	"propusk/storage"
)

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// newPayment is the body of POST /v1/payments.
type newPayment struct {
	Method    Method   `json:"method"`
	AccountID string   `json:"account_id"`
	Accruals  []Wanted `json:"accruals"`
}

// check names everything that is wrong with it.
func (n newPayment) check() error {
	var faults []api.FieldFault
	add := func(wrong bool, pointer, code string) {
		if wrong {
			faults = append(faults, api.FieldFault{Pointer: pointer, Code: code})
		}
	}
	add(!slices.Contains(Methods(), n.Method), "/method", "unknown")
	add(n.Method == Account && n.AccountID == "", "/account_id", "required")
	add(n.Method != Account && n.AccountID != "", "/account_id", "not_expected")
	add(len(n.Accruals) == 0, "/accruals", "required")
	add(len(n.Accruals) > maxItems, "/accruals", "too_many")
	seen := map[string]bool{}
	for _, w := range n.Accruals {
		add(!api.IsID(w.ID), "/accruals", "format")
		add(w.Amount <= 0 || w.Amount > maxSum, "/accruals", "amount")
		add(seen[w.ID], "/accruals", "duplicate")
		seen[w.ID] = true
	}
	return api.Invalid(faults...)
}

// post answers POST /v1/payments.
func (p *Payments) post(c api.Call) error {
	var body newPayment
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	if err := p.freshPerson(c); err != nil {
		return err
	}
	if err := body.check(); err != nil {
		return err
	}
	pay, err := p.Begin(c.Ctx(), c.Actor(), c.Organisation(), Begin(body))
	if err != nil {
		return refusal(err)
	}
	v, err := p.view(c, pay)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Created(c, "/v1/payments/"+pay.ID, pay.etag(), v)
}

// list answers GET /v1/payments.
func (p *Payments) list(c api.Call) error {
	q := c.Query(append(slices.Clone(historyNames), "after", "limit")...)
	page, h := q.Page(), history(q)
	if err := q.Err(); err != nil {
		return err
	}
	rows, err := p.List(c.Ctx(), c.Organisation(), h, page)
	if err != nil {
		return err
	}
	rows, next := api.Cut(page, rows, h.key)
	items := make([]paymentItem, len(rows))
	for i, pay := range rows {
		items[i] = newPaymentItem(pay, c.Lang())
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", map[string]any{"items": items, "next": next})
}

// onePayment is the payment of the path.
func (p *Payments) onePayment(c api.Call) (Payment, error) {
	id, err := c.ID()
	if err != nil {
		return Payment{}, err
	}
	pay, err := p.Payment(c.Ctx(), c.Organisation(), id)
	if err != nil {
		return Payment{}, refusal(err)
	}
	return pay, nil
}

func (p *Payments) show(c api.Call, pay Payment) error {
	v, err := p.view(c, pay)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, pay.etag(), v)
}

// get answers GET /v1/payments/{id}.
func (p *Payments) get(c api.Call) error {
	pay, err := p.onePayment(c)
	if err != nil {
		return err
	}
	return p.show(c, pay)
}

// getOrders answers GET /v1/payments/{id}/orders: the payment orders for a bank client,
// which is also what is signed.
func (p *Payments) getOrders(c api.Call) error {
	pay, err := p.onePayment(c)
	if err != nil {
		return err
	}
	if pay.Method != Account {
		return api.Refuse("not_found")
	}
	orders := pay.orders()
	return api.File(c, api.FileAnswer{Name: pay.ordersName(), MediaType: "text/plain; charset=windows-1251", SHA256: digest(orders), Size: int64(len(orders))}, bytes.NewReader(orders))
}

// qrSide is the side of a QR code's picture, in pixels.
const qrSide = 320

// getQR answers GET /v1/payments/{id}/qr: the link of СБП as a picture.
func (p *Payments) getQR(c api.Call) error {
	pay, err := p.onePayment(c)
	if err != nil {
		return err
	}
	if pay.QR == "" {
		return api.Refuse("not_found")
	}
	picture, err := qrcode.Encode(pay.QR, qrcode.Medium, qrSide)
	if err != nil {
		return err
	}
	return api.File(c, api.FileAnswer{Name: "qr.png", MediaType: "image/png", SHA256: digest(picture), Size: int64(len(picture)), Inline: true}, bytes.NewReader(picture))
}

// getReceipt answers GET /v1/payments/{id}/receipt: the PDF, or its signature.
func (p *Payments) getReceipt(c api.Call) error {
	q := c.Query("part")
	part := q.OneOf("part", "pdf", "p7s")
	if err := q.Err(); err != nil {
		return err
	}
	pay, err := p.onePayment(c)
	if err != nil {
		return err
	}
	if pay.Receipt.V.PDF == "" {
		return api.Refuse("payment_no_receipt")
	}
	if part == "p7s" {
		return p.sendFile(c, pay.Receipt.V.Signature)
	}
	return p.sendFile(c, pay.Receipt.V.PDF)
}

// maxSignatureBody bounds a request that carries a signature in base64, in bytes.
const maxSignatureBody = signature.MaxUpload*2 + 4<<10

// sign answers POST /v1/payments/{id}/sign.
func (p *Payments) sign(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	var body struct {
		Signature []byte `json:"signature"` // CMS as programs write it: DER, PEM or base64, once more in base64
	}
	if err := api.ReadObjectUpTo(c, maxSignatureBody, &body); err != nil {
		return err
	}
	if err := p.freshPerson(c); err != nil {
		return err
	}
	if len(body.Signature) == 0 {
		return api.InvalidField("/signature", "required")
	}
	pay, err := p.Sign(c.Ctx(), c.Actor(), c.Organisation(), id, signature.Decode(body.Signature))
	if err != nil {
		return refusal(err)
	}
	return p.show(c, pay)
}

// cancel answers POST /v1/payments/{id}/cancel.
func (p *Payments) cancel(c api.Call) error {
	seen, err := p.onePayment(c)
	if err != nil {
		return err
	}
	version := int64(0)
	if c.Conditional() {
		if err := api.CheckIfMatch(c, seen.etag()); err != nil {
			return err
		}
		version = seen.Version
	}
	pay, err := p.Cancel(c.Ctx(), c.Actor(), c.Organisation(), seen.ID, version)
	if err != nil {
		return refusal(err)
	}
	return p.show(c, pay)
}

// callback answers POST /v1/payments/callback. 204 means that the word is taken, or
// was known; anything else but 401, 404 and 409 that it should be sent again.
func (p *Payments) callback(c api.Call) error {
	if p.Provider == nil {
		return api.Refuse("not_found")
	}
	s, err := p.Provider.Read(c.Request())
	switch {
	case errors.Is(err, httpsig.ErrRefused), errors.Is(err, storage.ErrExists):
		p.metrics.callbacks.WithLabelValues("unsigned").Inc()
		return api.Refuse("payment_callback_signature").Wrap(err)
	case errors.Is(err, httpsig.ErrTooLarge), errors.Is(err, provider.ErrState):
		p.metrics.callbacks.WithLabelValues("malformed").Inc()
		return api.Refuse("payment_callback_malformed").Wrap(err)
	case err != nil:
		return err
	}
	became, err := p.settle(c.Ctx(), s.ID, s)
	if errors.Is(err, storage.ErrNotFound) {
		p.metrics.callbacks.WithLabelValues("unknown").Inc()
		return api.Refuse("not_found").Wrap(err)
	}
	if err != nil {
		return err
	}
	p.metrics.callbacks.WithLabelValues(became).Inc()
	if became == mismatched || became == contradicted {
		return api.Refuse("payment_callback_mismatch")
	}
	return api.NoContent(c)
}
