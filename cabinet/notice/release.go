package notice

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"propusk/storage"
	"propusk/storage/outbox"
)

// releaseBatch is how many waiting deliveries are looked at in one go.
const releaseBatch = 200

// digestMost is how many notices a digest names; the rest it counts.
const digestMost = 100

// Release sends what waited for the end of quiet hours or for a digest whose time
// has come. It is run every minute, on one node.
func (n *Notices) Release(ctx context.Context) error {
	for {
		var due []delivery
		err := n.DB.Select(ctx, &due, `SELECT `+deliveryColumns+` FROM notice_deliveries
			WHERE state IN ('waiting', 'digest') AND due_at <= $1 ORDER BY due_at, id LIMIT $2`,
			storage.Of(n.Now()), releaseBatch)
		if err != nil {
			return fmt.Errorf("notice: due deliveries: %w", err)
		}
		var failures error // one that cannot be sent does not hold up the others
		for _, d := range due {
			if err := n.releaseOne(ctx, d); err != nil {
				failures = errors.Join(failures, fmt.Errorf("notice: release %s: %w", d.ID, err))
			}
		}
		if failures != nil || len(due) < releaseBatch {
			return failures
		}
	}
}

func (n *Notices) releaseOne(ctx context.Context, d delivery) error {
	return n.DB.Tx(ctx, func(ctx context.Context) error {
		if d.State == stateDigest {
			return n.releaseDigest(ctx, d)
		}
		taken, err := n.DB.Exec(ctx, `UPDATE notice_deliveries SET state = 'queued' WHERE id = $1 AND state = 'waiting'`, d.ID)
		if err != nil || taken == 0 {
			return err
		}
		return n.sendAgain(ctx, d)
	})
}

// sendAgain sends a delivery whose row there is already, to whom may still learn
// of it and still wants to.
func (n *Notices) sendAgain(ctx context.Context, d delivery) error {
	l, why, err := n.letterOf(ctx, d)
	switch {
	case err != nil:
		return err
	case why != "":
		return n.drop(ctx, d.ID, why)
	}
	d.State, d.DueAt = stateQueued, 0
	if err := n.send(ctx, l, &d); err != nil {
		return err
	}
	_, err = n.DB.Exec(ctx, `UPDATE notice_deliveries SET state = $1, reason = $2, message_id = $3, settled_at = $4 WHERE id = $5`,
		d.State, d.Reason, d.MessageID, d.SettledAt, d.ID)
	n.metrics.delivery(d.Channel, d.State)
	return err
}

func (n *Notices) drop(ctx context.Context, id, why string) error {
	_, err := n.DB.Exec(ctx, `UPDATE notice_deliveries SET state = 'dropped', reason = $1, settled_at = $2 WHERE id = $3`,
		why, storage.Of(n.Now()), id)
	return err
}

// Why a delivery was dropped.
const (
	whyNotAllowed   = "not_allowed"  // he left, is blocked, or lost the right
	whyUnsubscribed = "unsubscribed" // he does not want it any more
	whyNoAddress    = "no_address"   // the address or device is gone
)

// letterOf puts a letter together anew; why is not empty when it must not be sent.
func (n *Notices) letterOf(ctx context.Context, d delivery) (l letter, why string, err error) {
	l = letter{notice: d.NoticeID}
	err = n.DB.Get(ctx, &l.event, `SELECT e.id, e.type, e.organisation_id, e.category, e.importance, e.permission, e.persons,
			e.texts, e.path, e.source, e.document, e.data, e.created_at, e.spread_at
		FROM notices n JOIN notice_events e ON e.id = n.event_id WHERE n.id = $1`, d.NoticeID)
	if err != nil {
		return l, "", fmt.Errorf("notice: event of a notice: %w", err)
	}
	to, ok, err := n.member(ctx, d.PersonID, d.OrganisationID, l.event.Permission)
	if err != nil || !ok {
		return l, whyNotAllowed, err
	}
	l.to = to
	if l.organisation, err = n.organisation(ctx, d.OrganisationID); err != nil {
		return l, whyNotAllowed, ignoreMissing(err)
	}
	settings, err := n.settingsOf(ctx, d.OrganisationID, []string{d.PersonID})
	if err != nil {
		return l, "", err
	}
	if !l.event.kind().unsilenceable() && !settings[d.PersonID].wants(d.Channel, l.event.kind()) {
		return l, whyUnsubscribed, nil
	}
	return n.addressed(ctx, l, d)
}

// addressed finds the device or address, which may be gone.
func (n *Notices) addressed(ctx context.Context, l letter, d delivery) (letter, string, error) {
	if d.Channel != Push {
		if l.to.address(d.Channel) == "" {
			return l, whyNoAddress, nil
		}
		return l, "", nil
	}
	devices, err := n.devicesOf(ctx, []string{d.PersonID})
	if err != nil {
		return l, "", err
	}
	for _, found := range devices[d.PersonID] {
		if found.ID == d.SubscriptionID {
			l.devices = []device{found}
			return l, "", nil
		}
	}
	return l, whyNoAddress, nil
}

// releaseDigest gathers all that is due for the digest of d's person.
func (n *Notices) releaseDigest(ctx context.Context, d delivery) error {
	var taken []delivery
	err := n.DB.Select(ctx, &taken, `UPDATE notice_deliveries SET state = 'queued'
		WHERE organisation_id = $1 AND person_id = $2 AND state = 'digest' AND due_at <= $3 RETURNING `+deliveryColumns,
		d.OrganisationID, d.PersonID, storage.Of(n.Now()))
	if err != nil || len(taken) == 0 {
		return err // none: gathered a moment ago
	}
	var letters []letter
	var ids []string
	for _, one := range taken {
		l, why, err := n.letterOf(ctx, one)
		if err != nil {
			return err
		}
		if why != "" {
			if err := n.drop(ctx, one.ID, why); err != nil {
				return err
			}
			continue
		}
		letters, ids = append(letters, l), append(ids, one.ID)
	}
	if len(letters) == 0 {
		return nil
	}
	return n.sendDigest(ctx, letters, ids)
}

// sendDigest sends one mail for all letters; their deliveries share its id.
func (n *Notices) sendDigest(ctx context.Context, letters []letter, ids []string) error {
	to := letters[0].to
	message := outbox.Message{
		ID: ids[0], Channel: string(Email), To: to.email,
		Subject: fmt.Sprintf(wordsIn(to.locale).digestSubject, len(letters)), Text: n.digest(letters),
	}
	if o := letters[0].organisation.Name; o != "" {
		message.Subject = o + ". " + message.Subject
	}
	if err := n.Outbox.Send(ctx, message); err != nil {
		return fmt.Errorf("notice: send digest: %w", err)
	}
	for _, id := range ids {
		if _, err := n.DB.Exec(ctx, `UPDATE notice_deliveries SET message_id = $1 WHERE id = $2`, message.ID, id); err != nil {
			return fmt.Errorf("notice: digest: %w", err)
		}
	}
	n.metrics.delivery(Email, stateQueued)
	return nil
}

// digest is the text of one: a line for each notice, by the order of their coming.
func (n *Notices) digest(letters []letter) string {
	say := wordsIn(letters[0].to.locale)
	var b strings.Builder
	for i, l := range letters {
		if i == digestMost {
			fmt.Fprintf(&b, "\n"+say.digestMore+"\n", len(letters)-i)
			break
		}
		words := l.event.Texts.V.in(l.to.locale)
		fmt.Fprintf(&b, "• %s\n", Mask(words.Subject))
		if l.event.Path != "" {
			fmt.Fprintf(&b, "  %s\n", n.BaseURL+l.event.Path)
		}
	}
	fmt.Fprintf(&b, "\n%s\n%s\n", say.footer, n.BaseURL+settingsPath)
	return b.String()
}

// settled is how the outbox tells what came of a message.
func (n *Notices) settled(ctx context.Context, r outbox.Result) error {
	now := storage.Of(n.Now())
	var touched []delivery
	err := n.DB.Select(ctx, &touched, `UPDATE notice_deliveries
		SET state = $1, reason = $2, sent_at = CASE WHEN sent_at = 0 AND $3 THEN $4 ELSE sent_at END,
			settled_at = CASE WHEN $3 THEN settled_at ELSE $4 END
		WHERE message_id = $5 AND state IN ('queued', 'sent') RETURNING `+deliveryColumns,
		string(r.State), r.Reason, r.State != outbox.Failed, now, r.MessageID)
	if err != nil {
		return fmt.Errorf("notice: outcome: %w", err)
	}
	for _, d := range touched {
		n.metrics.delivery(d.Channel, string(r.State))
		if r.Reason == "gone" && d.SubscriptionID != "" {
			if err := n.forgetDevice(ctx, d.SubscriptionID); err != nil {
				return err
			}
		}
	}
	return nil
}
