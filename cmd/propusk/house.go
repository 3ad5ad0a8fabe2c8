package main

import (
	"context"
	"fmt"
	"net/http"

	"propusk/cabinet"
	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/document"
	"propusk/cabinet/extract"
	"propusk/cabinet/filing"
	"propusk/cabinet/notice"
	"propusk/cabinet/paper"
	"propusk/cabinet/payment"
	"propusk/cabinet/power"
	"propusk/cabinet/request"
	"propusk/cabinet/service"
	"propusk/cabinet/tender"
	"propusk/cabinet/web/desk"
	"propusk/cabinet/webhook"
	"propusk/console"
	"propusk/idp"
	"propusk/idp/account"
	"propusk/idp/application"
	"propusk/idp/factor/certificate"
	"propusk/idp/pages"
	"propusk/idp/recovery"
	"propusk/idp/registration"
	"propusk/idp/session"
	"propusk/idp/signals"
	"propusk/idp/trust"
	"propusk/idp/unusual"
	"propusk/storage/file"
	"propusk/storage/jobs"
)

// house is a whole node: the issuer behind its pages, the cabinet behind its
// guard, and the work that runs by itself.
type house struct {
	*issuer
	pages      *pages.Kit
	sessions   *session.Store
	signals    *signals.Signals // to programs that want to know at once
	pushes     *jobs.Runner     // of its events
	places     *unusual.Places
	unusual    *unusual.Watch
	idp        *idp.Server
	cabinet    *cabinet.Server
	web        *desk.Desk      // the cabinet in the browser
	consoleWeb *desk.Desk      // and the operators' console
	console    *console.Server // its API
	health     *health

	trust        *trust.Trust
	certificates *certificate.Certificates
	registration *registration.Server
	recovery     *recovery.Server
	account      *account.Server
	files        *file.Store
	documents    *document.Documents
	powers       *power.Powers
	notices      *notice.Notices   // tell people what happened
	webhooks     *webhook.Webhooks // and programs

	authority *authority.Gateway // to state bodies
	registry  authority.Registry // of organisations
	seal      *paper.Seal        // the service's own signature
	paper     *paper.Paper       // what rooms print and sign by
	extracts  *extract.Extracts
	filings   *filing.Filings
	requests  *request.Inbox // what organisations ask and are asked
	services  *service.Desk
	tenders   *tender.Tenders
	// procurement says what of an organisation's legal status closes procurement to it.
	procurement tender.Gate
	payments    *payment.Payments

	applications *application.Applications // that register themselves

	consoleRooms []console.Room // of the console, as their openers add them

	rooms  []api.Room                        // of the cabinet, as their openers add them
	starts []func(ctx context.Context) error // what the rooms begin before the first request
	stops  []func()                          // what ends with the house, and waits for what began

	mux     *http.ServeMux
	handler http.Handler
	mutual  http.Handler // of the listener that asks for client certificates
}

// openHouse builds a node; start makes it work.
func openHouse(ctx context.Context, b *base) (*house, error) {
	i, err := openIssuer(ctx, b)
	if err != nil {
		return nil, err
	}
	h := &house{issuer: i}
	for _, open := range []func(context.Context) error{
		h.openCertificates, h.openSignals, h.openPages, h.openIDP, h.openEntrance, h.openAccount, h.openNotices, h.openFiles, h.openDocuments, h.openPowers, h.openPaper, h.openAuthority, h.openFilings, h.openExtracts, h.openRequests, h.openPayments, h.openOrganisations, h.openTenders, h.openExports, h.openAccesses, h.openApplications, h.openCabinet, h.openConsole, h.openWeb, h.openConsoleWeb,
	} {
		if err := open(ctx); err != nil {
			h.close()
			return nil, err
		}
	}
	h.health = &health{checks: h.checks(), warning: h.warning}
	h.mount()
	return h, nil
}

// openCertificates opens the trust in certification authorities for as long as the
// node lives, and what signs people in by it.
func (h *house) openCertificates(ctx context.Context) (err error) {
	if h.trust, err = h.openTrust(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	h.certificates, err = certificate.New(certificate.Deps{
		Verifier: h.trust.Verifier(), Judge: h.trust, Enabled: h.trust.Enabled, Authorities: h.trust.Authorities,
		Directory: h.directory, Ephemeral: h.volatile, Issuer: h.cfg.Issuer, Now: h.now, Log: h.log,
	})
	return err
}

func (h *house) close() {
	if h.trust != nil {
		h.trust.Close()
	}
	if err := h.places.Close(); err != nil {
		h.log.Warn("the database of places did not close", "error", err)
	}
	h.issuer.close()
}

// openPages reads the page kit and the sessions that every page stands on.
func (h *house) openPages(context.Context) (err error) {
	if h.pages, err = pages.New(pages.Deps{Log: h.log}); err != nil {
		return fmt.Errorf("read the pages: %w", err)
	}
	h.sessions, err = session.New(session.Deps{
		DB: h.db, Idle: h.cfg.Session.Idle, Absolute: h.cfg.Session.Absolute, Now: h.now,
		End: h.endSession, Changed: h.signals.AssuranceChanged,
	})
	return err
}

func (h *house) openIDP(context.Context) (err error) {
	if err := h.openUnusual(); err != nil {
		return err
	}
	h.idp, err = idp.New(idp.Deps{
		DB: h.db, Ephemeral: h.volatile, Provider: h.provider, Keys: h.keys, Directory: h.directory,
		Passwords: h.passwords, TOTP: h.totp, Codes: h.codes, Pages: h.pages, Journal: h.journal,
		RecoveryCodes: h.recoveryCodes, PINs: h.pins, Devices: h.devices, Passkeys: h.passkeys, Unusual: h.unusual,
		Certificates: h.certificates, Logos: h.logos, MutualTLS: h.cfg.MutualTLS.URL,
		Issuer: h.cfg.Issuer, Contact: h.cfg.Contact, Home: "/cabinet", Sessions: h.sessions,
		Register: "/registration", Recover: "/recovery", PINRecovery: "/recovery/pin",
		Now: h.now, Log: h.log, Metrics: h.metrics,
	})
	return err
}

// openUnusual compares sign-ins with those of before, by place where the
// configuration has a database of places.
func (h *house) openUnusual() (err error) {
	c := h.cfg.SignIn
	if c.Places != "" {
		if h.places, err = unusual.OpenPlaces(c.Places); err != nil {
			return err
		}
	}
	h.unusual, err = unusual.New(unusual.Deps{DB: h.db, Places: h.places, AnyDevice: c.AnyDevice})
	return err
}

func (h *house) openAccount(context.Context) (err error) {
	h.account, err = account.New(account.Deps{
		DB: h.db, Ephemeral: h.volatile, Sealer: h.sealer, Directory: h.directory, Sessions: h.sessions,
		Provider: h.provider, Journal: h.journal, Passwords: h.passwords, TOTP: h.totp, Codes: h.codes,
		RecoveryCodes: h.recoveryCodes, Devices: h.devices, Passkeys: h.passkeys, Certificates: h.certificates,
		Verifier: h.trust.Verifier(), Pages: h.pages, Issuer: h.cfg.Issuer, Now: h.now, Log: h.log,
	})
	return err
}

// openCabinet gives the cabinet the issuer's keys as any resource server gets
// them, from the published set; only the way there is short, see inProcess.
func (h *house) openCabinet(context.Context) (err error) {
	h.cabinet, err = cabinet.New(cabinet.Deps{
		Issuer: h.cfg.Issuer, Audience: audience(h.cfg.Issuer), MutualTLS: h.cfg.MutualTLS.URL,
		Keys:        cabinet.NewJWKS(h.cfg.Issuer+"/oauth2/jwks", inProcess{h}).Key,
		Revocations: h.revoked, Directory: h.directory, Journal: h.journal, Ephemeral: h.volatile,
		DB: h.db, Sealer: h.sealer, Rooms: h.rooms, SignJournal: h.signCheckpoint, JournalKeys: h.journalKeys,
		Signatures: h.trust.Verifier(), Log: h.log, Now: h.now, Metrics: h.metrics,
		Limits: cabinet.Limits{PerClient: h.cfg.Limits.PerClient, PerOrganisation: h.cfg.Limits.PerOrganisation},
	})
	return err
}
