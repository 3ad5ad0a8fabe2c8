package oauth

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	guarded "propusk/storage/outside"
)

// outside is how this server asks addresses that clients have registered: key
// sets, logout URIs. They lead nowhere inside (package storage/outside; RFC 9700
// §4.13 speaks of the same for request_uri).
type outside struct{ client *http.Client }

// newOutside lets connections go to public addresses and to the networks of
// reach.
func newOutside(reach []netip.Prefix, secure *tls.Config) outside {
	return outside{guarded.NewClient(guarded.Options{Reach: reach, TLS: secure})}
}

// get reads at most limit bytes of an answer 200.
func (o outside) get(ctx context.Context, address string, limit int64) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json, application/jwk-set+json")
	response, err := o.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err == nil && int64(len(body)) > limit {
		err = fmt.Errorf("answered more than %d bytes", limit)
	}
	return body, err
}

// post sends a form and returns the status of the answer, whose body nobody
// reads.
func (o outside) post(ctx context.Context, address string, form url.Values) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", formType)
	response, err := o.client.Do(r)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 4<<10)) // so that the connection can be used again
	return response.StatusCode, nil
}
