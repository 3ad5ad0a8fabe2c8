package main

import (
	"context"
	"fmt"
	"net/url"

	"propusk/cabinet/authority/httpsig"
	"propusk/cabinet/payment"
	"propusk/cabinet/payment/provider"
)

// openPayments opens the room of accruals and payments, after the inbox that takes its
// reports. Without a provider accruals are seen and not paid.
func (h *house) openPayments(context.Context) error {
	deps := payment.Deps{
		DB: h.db, Ephemeral: h.volatile, Sealer: h.sealer, Jobs: h.jobs, Outbox: h.outbox, Journal: h.journal, Directory: h.directory,
		Notices: h.notices, Gateway: h.authority, Verifier: h.trust.Verifier(), Tickets: h.requests, Paper: h.paper, Files: h.files,
		Charges: h.cfg.Payments.Accruals, BaseURL: h.cfg.Issuer, Now: h.now, Log: h.log, Metrics: h.metrics,
	}
	moves, err := h.openProvider()
	if err != nil {
		return err
	}
	if moves != nil {
		deps.Provider = moves
	}
	if h.payments, err = payment.New(deps); err != nil {
		return err
	}
	h.rooms = append(h.rooms, h.payments.Room())
	h.documents.Guard("payment/", h.payments.MayRead)
	return nil
}

// openProvider is the payment provider of the configuration, nil when it names none.
func (h *house) openProvider() (*provider.Provider, error) {
	c := h.cfg.Payments
	if c.URL == "" {
		return nil, nil
	}
	signer, err := h.authoritySigner()
	if err != nil {
		return nil, err
	}
	host, err := url.Parse(h.cfg.Issuer)
	if err != nil {
		return nil, fmt.Errorf("read the issuer: %w", err)
	}
	var keys []httpsig.Public
	for _, text := range c.Keys {
		key, err := readPublic(text)
		if err != nil {
			return nil, fmt.Errorf("payment provider: %w", err)
		}
		keys = append(keys, key)
	}
	return provider.New(provider.Deps{
		Name: "payments", URL: c.URL, Keys: keys, Pages: c.Pages, Signer: signer, Ephemeral: h.volatile, Host: host.Host, Now: h.now,
	})
}
