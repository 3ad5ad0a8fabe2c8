package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"propusk/cabinet/notice"
	"propusk/cabinet/webhook"
	"propusk/storage/outbox"
	"propusk/storage/outside"
	"propusk/storage/revocation"
)

// openNotices opens what tells people, and the programs of integrators, what
// happens. The rooms that tell stand on it, so it is opened before them.
func (h *house) openNotices(context.Context) (err error) {
	if h.notices, err = h.newNotices(h.revoked); err != nil {
		return err
	}
	h.webhooks, err = webhook.New(webhook.Deps{
		DB: h.db, Jobs: h.jobs, Notices: h.notices, Sealer: h.sealer, Journal: h.journal, Reach: h.reach(),
		Now: h.now, Log: h.log, Metrics: h.metrics,
	})
	if err != nil {
		return err
	}
	h.rooms = append(h.rooms, h.notices.Room(), h.webhooks.Room())
	h.starts = append(h.starts, h.notices.Start, h.startWebhooks)
	h.provider.FollowRequests(h.tellConfirmation)
	return nil
}

// startWebhooks dispatches until the house stops.
func (h *house) startWebhooks(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.webhooks.Run(ctx)
	}()
	h.stops = append(h.stops, func() {
		cancel()
		<-done
	})
	return nil
}

func (b *base) newNotices(revoked *revocation.List) (*notice.Notices, error) {
	return notice.New(notice.Deps{
		DB: b.db, Jobs: b.jobs, Outbox: b.outbox, Events: b.volatile, Revoked: revoked, Sealer: b.sealer,
		Directory: b.directory, Journal: b.journal, VAPID: b.vapid, Reach: b.reach(), BaseURL: b.cfg.Issuer,
		Now: b.now, Log: b.log, Metrics: b.metrics,
	})
}

// reach is where, beside public addresses, those that integrators and browsers
// register may lead. The demo's are on this machine.
func (b *base) reach() []netip.Prefix {
	networks := prefixes(b.cfg.Clients.Reach)
	if b.keepMessages {
		networks = append(networks, outside.Loopback...)
	}
	return networks
}

// webPush is the channel to browsers.
func (b *base) webPush() outbox.Channel {
	contact := b.cfg.Issuer
	if !strings.HasPrefix(contact, "https://") {
		contact = "postmaster@localhost" // of a house that only its own machine reaches
	}
	return outbox.NewWebPush(outbox.WebPush{
		VAPID: b.vapid, Contact: contact, Client: outside.NewClient(outside.Options{Reach: b.reach()}), Now: b.now,
	})
}

func newsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "news",
		Short: "News for everybody",
		Long: `News of new services, changes of the rules and of the registers. Everybody finds
them in the cabinet; by e-mail and push they go to those who want them so.`,
		Example: "  propusk news publish --subject 'Новая услуга: продление лицензии'",
	}
	cmd.AddCommand(newsPublishCommand())
	return cmd
}

// newsAnswer is what the command line prints of a published piece of news.
type newsAnswer struct {
	ID      string `json:"id"`
	Subject string `json:"subject"`
}

func newsPublishCommand() *cobra.Command {
	var story notice.Story
	var importance string
	cmd := asJSON(&cobra.Command{
		Use:   "publish",
		Short: "Tell everybody",
		Example: `  propusk news publish --subject 'Новая форма декларации по НДС' --body 'Действует с отчётности за четвёртый квартал.' \
    --subject-en 'A new VAT return form' --path /cabinet/filings --importance high`,
		Args: cobra.NoArgs,
		RunE: withBase(func(cmd *cobra.Command, _ []string, b *base) error {
			if err := story.Importance.UnmarshalText([]byte(importance)); err != nil {
				return fmt.Errorf("--importance is low, normal, high or critical, not %q", importance)
			}
			notices, err := b.newNotices(revocation.NewList(revocation.Deps{DB: b.db, Events: b.volatile, Now: b.now, Log: b.log}))
			if err != nil {
				return err
			}
			id, err := notices.Publish(cmd.Context(), story)
			if err != nil {
				return err
			}
			return show(cmd, newsAnswer{id, story.Texts.RU.Subject}, func(w io.Writer) {
				fmt.Fprintf(w, "published\t%s\n", story.Texts.RU.Subject)
			})
		}),
	})
	f := cmd.Flags()
	f.StringVar(&story.Texts.RU.Subject, "subject", "", "headline in Russian")
	f.StringVar(&story.Texts.RU.Body, "body", "", "text in Russian")
	f.StringVar(&story.Texts.EN.Subject, "subject-en", "", "headline in English; the Russian one when empty")
	f.StringVar(&story.Texts.EN.Body, "body-en", "", "text in English")
	f.StringVar(&story.Path, "path", "", "where to read on, a path of this site")
	f.StringVar(&story.Source, "source", "", "who it comes from; the service when empty")
	f.StringVar(&importance, "importance", "normal", "low, normal, high or critical")
	_ = cmd.MarkFlagRequired("subject") // fails only for a flag that is not there
	return cmd
}
