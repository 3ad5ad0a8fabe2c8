package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	room "propusk/cabinet/client"
	"propusk/idp/application"
	"propusk/idp/client"
	"propusk/idp/client/logo"
	"propusk/storage"
)

// openApplications opens the doors by which applications come and are kept: those
// that register themselves (RFC 7591), and the organisations' own room.
func (h *house) openApplications(context.Context) error {
	if err := h.openRegistration(); err != nil {
		return err
	}
	own, err := room.New(room.Deps{Clients: h.clients, Logos: h.logos, Issuer: h.cfg.Issuer, Tell: h.notices.Tell, Now: h.now})
	if err != nil {
		return err
	}
	h.rooms = append(h.rooms, own.Room())
	h.jobs.Every("clients/warn", time.Hour, own.Warn)
	h.jobs.Handle(logo.Job, h.logos.Fetch)
	h.jobs.Every("clients/sectors", sectorsEvery, h.clients.RecheckSectors)
	h.starts = append(h.starts, h.noteUses)
	return nil
}

// sectorsEvery is how often it is looked whether sectors still list their applications.
const sectorsEvery = 12 * time.Hour

// usesNoted is how often the last use of clients is written.
const usesNoted = 30 * time.Second

// noteUses writes when clients were last used, on every node: each knows only of
// what it has served itself.
func (h *house) noteUses(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticks := time.NewTicker(usesNoted)
		defer ticks.Stop()
		for {
			select {
			case <-ctx.Done():
				h.flushUses(context.WithoutCancel(ctx))
				return
			case <-ticks.C:
				h.flushUses(ctx)
			}
		}
	}()
	h.stops = append(h.stops, func() { cancel(); <-done })
	return nil
}

func (h *house) flushUses(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := h.clients.Flush(ctx); err != nil {
		h.log.WarnContext(ctx, "the last use of applications was not noted", "error", err)
	}
}

// houseNames are the names that only the house's own applications have.
var houseNames = []string{
	"Пропуск", "Propusk", "Кабинет организации", "Company cabinet", "Личный кабинет", "Личный кабинет организации",
	"Консоль оператора", "Operator console",
}

func (h *house) openRegistration() error {
	tokens, err := h.initialTokens()
	if err != nil {
		return err
	}
	c := h.cfg.Clients
	publishers, err := h.publishers()
	if err != nil {
		return err
	}
	h.applications, err = application.New(application.Deps{
		DB: h.db, Clients: h.clients, Tokens: tokens, Ephemeral: h.volatile, Journal: h.journal,
		Issuer: h.cfg.Issuer, Policy: application.Policy(c.Registration), Open: application.Bounds{Scope: c.OpenScope, RedirectHosts: c.OpenHosts},
		Publishers: publishers, StatementRequired: c.StatementRequired, Reserved: houseNames,
		Now: h.now, Log: h.log, Metrics: h.metrics,
	})
	if err != nil {
		return fmt.Errorf("open the registration of applications: %w", err)
	}
	h.jobs.Every("clients/tokens", time.Hour, tokens.Purge)
	return nil
}

// initialTokens are kept by the commands too.
func (b *base) initialTokens() (*application.Tokens, error) {
	return application.NewTokens(application.TokenDeps{DB: b.db, Journal: b.journal, Now: b.now})
}

// publishers reads the keys by which software is vouched for.
func (b *base) publishers() (publishers []application.Publisher, err error) {
	for _, p := range b.cfg.Clients.Publishers {
		text, err := os.ReadFile(p.Keys)
		if err != nil {
			return nil, fmt.Errorf("read the keys of the publisher %s: %w", p.Issuer, err)
		}
		jwks, err := client.ReadKeySet(text)
		if err != nil {
			return nil, fmt.Errorf("keys of the publisher %s in %s: %w", p.Issuer, p.Keys, err)
		}
		set, err := client.ParseKeySet(jwks, true)
		if err != nil {
			return nil, fmt.Errorf("keys of the publisher %s in %s: %w", p.Issuer, p.Keys, err)
		}
		publishers = append(publishers, application.Publisher{Issuer: p.Issuer, Keys: set})
	}
	return publishers, nil
}

// demoTokenLives is longer than anybody keeps a demo.
const demoTokenLives = 366 * 24 * time.Hour

// keepRegistrationToken lets whoever has the demo's token register any client of a
// person's sign-in or of a program that acts for itself.
func (h *house) keepRegistrationToken(ctx context.Context, token string) error {
	tokens, err := h.initialTokens()
	if err != nil {
		return err
	}
	return tokens.Put(ctx, application.InitialToken{
		Name: "demo", ExpiresAt: storage.Of(h.now().Add(demoTokenLives)),
		Bounds: storage.JSON[application.Bounds]{V: application.Bounds{
			Scope: strings.Join(client.Scopes(), " "),
			GrantTypes: []string{
				client.GrantAuthorizationCode, client.GrantRefreshToken, client.GrantClientCredentials, client.GrantDeviceCode,
			},
		}},
	}, token)
}
