package oauth

import (
	"context"
	"errors"
	"time"

	"propusk/storage"
	"propusk/storage/journal"
)

// foreignOnce is how long one address that is refused a client is not journalled
// again: what a thief tries a thousand times is one line.
const foreignOnce = 10 * time.Minute

// allowFrom refuses a client that comes from outside the networks it is registered
// for. The answer is that of a wrong secret: a thief must not learn that the one he
// has is right. Its owner reads of it in the journal.
func (p *Provider) allowFrom(ctx context.Context, client *registration) error {
	address := journal.From(ctx).IP
	if client.AllowedFrom(address) {
		return nil
	}
	err := p.deps.Ephemeral.Add(ctx, "oauth:foreign:"+client.ID+":"+address, []byte{1}, foreignOnce)
	switch {
	case errors.Is(err, storage.ErrExists):
		return errAuthentication
	case err != nil:
		return err
	}
	err = p.deps.Journal.Append(ctx, journal.Entry{
		Organisation: client.OrganisationID, Client: client.ID, Action: "client.network_refused", Object: client.ID, Outcome: "refused",
		Details: map[string]string{"name": client.Name},
	})
	return errors.Join(errAuthentication, err)
}
