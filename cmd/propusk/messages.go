package main

import (
	"context"
	"errors"

	"propusk/storage/outbox"
)

// newOutbox connects the channels of the configuration.
func (b *base) newOutbox() *outbox.Outbox {
	return outbox.New(outbox.Deps{
		DB: b.db, Jobs: b.jobs, Sealer: b.sealer, Now: b.now, Log: b.log,
		Keep: b.keepMessages, Channels: b.channels(),
	})
}

// channels is empty in the demo: its messages are only listed.
func (b *base) channels() map[string]outbox.Channel {
	if b.keepMessages {
		return nil
	}
	channels := map[string]outbox.Channel{
		"email": unconfigured("mail.host is not set, so no mail leaves"),
		"sms":   unconfigured("sms.url is not set, so no SMS leaves"),
		"push":  b.webPush(),
	}
	if m := b.cfg.Mail; m.Host != "" {
		channels["email"] = outbox.NewSMTP(outbox.SMTP{
			Host: m.Host, Port: m.Port, Username: m.Username, Password: m.Password.Reveal(), From: m.From, TLS: m.TLS,
		})
	}
	if s := b.cfg.SMS; s.URL != "" {
		channels["sms"] = outbox.NewGateway(outbox.Gateway{URL: s.URL, Token: s.Token.Reveal(), From: s.From})
	}
	return channels
}

// unconfigured takes messages and delivers none, so that what they tell of
// still happens: they wait for the setting, then go to the dead letters.
type unconfigured string

func (u unconfigured) Deliver(context.Context, outbox.Message) error { return errors.New(string(u)) }
