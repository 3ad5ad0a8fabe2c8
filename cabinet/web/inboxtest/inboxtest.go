// Package inboxtest gives the tests of the pages about requests, services, documents,
// notices and integrations a cabinet with those rooms of the API, and a state body in
// the test's hands. Only tests import it.
package inboxtest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/authority/authoritytest"
	"propusk/cabinet/cabinettest"
	clients "propusk/cabinet/client"
	"propusk/cabinet/document"
	"propusk/cabinet/notice"
	"propusk/cabinet/notice/noticetest"
	"propusk/cabinet/paper/papertest"
	"propusk/cabinet/request"
	"propusk/cabinet/service"
	"propusk/cabinet/web/desk"
	"propusk/cabinet/web/webtest"
	"propusk/cabinet/webhook"
	"propusk/idp/client"
	"propusk/idp/client/logo"
	"propusk/signature"
	"propusk/signature/signaturetest"
	"propusk/storage"
	"propusk/storage/file/filetest"
	"propusk/storage/outside"
)

// World is a cabinet in the browser with the inbox, the catalogue, the archive,
// notices and webhooks behind it.
type World struct {
	*webtest.World
	Agency  *authoritytest.Office
	Notices *notice.Notices
	numbers int
	running sync.Once
	hooks   *webhook.Webhooks
}

// New builds one with the rooms of pages under test.
func New(t testing.TB, drawn ...desk.Room) *World {
	t.Helper()
	w := &World{}
	w.World = webtest.New(t, func(b cabinettest.Base) []api.Room { return w.rooms(t, b) }, drawn...)
	return w
}

func (w *World) rooms(t testing.TB, b cabinettest.Base) []api.Room {
	w.Agency = authoritytest.New(t, authoritytest.Base{
		DB: b.DB, Now: b.Clock.Now, Ephemeral: b.Memory, Jobs: b.Jobs,
		Organisations: func(ctx context.Context, inn, _ string) (string, error) {
			o, err := b.Directory.OrganisationByINN(ctx, inn)
			return o.ID, err
		},
	})
	w.Notices = noticetest.New(t, b)
	files, papers := filetest.Store(t, b.DB, b.Clock.Now), papertest.New(t, b.DB, b.Clock.Now)
	inbox, err := request.New(request.Deps{
		DB: b.DB, Directory: b.Directory, Journal: b.Journal, Files: files, Gateway: w.Agency.Gateway, Notices: w.Notices, Paper: papers,
		Jobs: b.Jobs, Log: b.Log, Now: b.Clock.Now, Support: request.Support{Phones: []string{"+78005550000"}, Email: "help@example.ru"},
	})
	cabinettest.Must(t, err)
	services, err := service.New(service.Deps{
		DB: b.DB, Inbox: inbox, Directory: b.Directory, Journal: b.Journal, Files: files, Notices: w.Notices, Paper: papers,
		Verifier: b.Authority.Verifier, Jobs: b.Jobs, Log: b.Log, Now: b.Clock.Now,
	})
	cabinettest.Must(t, err)
	documents, err := document.New(document.Deps{
		DB: b.DB, Files: files, Directory: b.Directory, Journal: b.Journal, Outbox: b.Outbox, Notices: w.Notices, Verifier: b.Authority.Verifier,
		BaseURL: cabinettest.Issuer, Now: b.Clock.Now, Log: b.Log,
	})
	cabinettest.Must(t, err)
	w.hooks, err = webhook.New(webhook.Deps{
		DB: b.DB, Jobs: b.Jobs, Notices: w.Notices, Sealer: b.Sealer, Journal: b.Journal, Reach: outside.Loopback,
		Timeout: 2 * time.Second, Now: b.Clock.Now, Log: b.Log, Metrics: b.Metrics,
	})
	cabinettest.Must(t, err)
	logos := logosOf(t, b)
	applications, err := clients.New(clients.Deps{
		Clients: clientStore(t, b, logos), Logos: logos, Issuer: cabinettest.Issuer, Tell: w.Notices.Tell, Now: b.Clock.Now,
	})
	cabinettest.Must(t, err)
	return []api.Room{inbox.Room(), services.Room(), documents.Room(), w.Notices.Room(), w.hooks.Room(), applications.Room()}
}

// logosOf keeps pictures of applications on this very machine; Work fetches them.
func logosOf(t testing.TB, b cabinettest.Base) *logo.Logos {
	t.Helper()
	logos, err := logo.New(logo.Deps{DB: b.DB, Outside: outside.NewClient(outside.Options{Reach: outside.Loopback}), Now: b.Clock.Now, Log: b.Log})
	cabinettest.Must(t, err)
	b.Jobs.Handle(logo.Job, logos.Fetch)
	return logos
}

func clientStore(t testing.TB, b cabinettest.Base, logos *logo.Logos) *client.Store {
	t.Helper()
	store, err := client.New(client.Deps{
		DB: b.DB, Events: b.Memory, Directory: b.Directory, Revocations: b.Revocations, Journal: b.Journal, Now: b.Clock.Now, Log: b.Log,
		Logo: logos.Want,
	})
	cabinettest.Must(t, err)
	return store
}

// Dispatch has webhooks delivered from now on.
func (w *World) Dispatch() {
	w.T.Helper()
	w.running.Do(func() {
		ctx, cancel := context.WithCancel(context.Background())
		stopped := make(chan struct{})
		go func() { defer close(stopped); w.hooks.Run(ctx) }()
		w.T.Cleanup(func() { cancel(); <-stopped })
	})
}

// Require has a state body demand something of the office, and answers the number
// that it gave.
func (w *World) Require(o *cabinettest.Office, subject string, due time.Duration, files ...authority.File) string {
	w.T.Helper()
	w.numbers++
	number := fmt.Sprintf("14-08/%d", 3390+w.numbers)
	w.Agency.Answer(w.T, authority.Answer{
		Event: authority.Requirement, INN: o.INN, OGRN: o.OGRN, Number: number, Source: "ИФНС России № 1",
		Subject: subject, Text: "Представьте пояснения.", Due: storage.Of(w.Clock.Now().Add(due)),
		Fields: map[string]string{"body": "7701", "document_type": "requirement"}, Files: files,
	})
	return number
}

// Submission is the last that the state body has received.
func (w *World) Submission() authority.Submission {
	w.T.Helper()
	w.Agency.Deliver(w.T)
	sent := w.Agency.Sent()
	if len(sent) == 0 {
		w.T.Fatal("nothing was sent")
	}
	return sent[len(sent)-1]
}

// Holder is the office's own certificate.
func (w *World) Holder(o *cabinettest.Office) signaturetest.Holder {
	w.T.Helper()
	name := "ООО «" + o.Tag + "»"
	return w.Authority.Issue(w.T, signature.Subject{
		Kind: signature.KindOrganisation, INNLE: o.INN, OGRN: o.OGRN, SNILS: "11223344595", CommonName: name, Organisation: name,
	})
}
