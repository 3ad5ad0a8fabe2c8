package authority

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"propusk/cabinet/authority/httpsig"
	"propusk/storage"
)

// recordLimit bounds one record on the wire: those of banks with a thousand
// branches have megabytes.
const recordLimit = 16 << 20

// Remote is a register asked over HTTP: GET URL/organizations/NUMBER, signed like
// every message, answers a Record or 404.
type Remote struct{ peer *peer }

// NewRemote asks the body at its URL.
func NewRemote(body Body, signer *httpsig.Signer, now func() time.Time, transport http.RoundTripper) (*Remote, error) {
	if err := body.check(); err != nil {
		return nil, err
	}
	return &Remote{newPeer(body, Deps{Signer: signer, Now: now, Transport: transport})}, nil
}

// Find implements Registry.
func (r *Remote) Find(ctx context.Context, number string) (Record, error) {
	raw, err := r.peer.ask(ctx, http.MethodGet, "/organizations/"+url.PathEscape(number), nil, recordLimit)
	if err != nil {
		return Record{}, fmt.Errorf("authority: ask the register: %w", err)
	}
	var record Record
	if err := json.Unmarshal(raw, &record); err != nil {
		return Record{}, fmt.Errorf("authority: read the register's answer: %w", err)
	}
	if record.INN != number && record.OGRN != number {
		return Record{}, errors.New("authority: the register answered with another organisation")
	}
	return record, nil
}

// Registries asks one register after another and takes the first that knows the
// organisation. A register that does not answer ends the search: the next one could
// know less.
type Registries []Registry

// Find implements Registry.
func (rs Registries) Find(ctx context.Context, number string) (Record, error) {
	for _, r := range rs {
		record, err := r.Find(ctx, number)
		if !errors.Is(err, storage.ErrNotFound) {
			return record, err
		}
	}
	return Record{}, fmt.Errorf("authority: no register knows this number: %w", storage.ErrNotFound)
}
