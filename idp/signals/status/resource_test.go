package status_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// resourceServer is how a resource server elsewhere uses the lists, in all that it
// needs: it fetches a list that a token names, verifies it, keeps it for its ttl, and
// asks again with its entity tag. It fails closed.
type resourceServer struct {
	client *http.Client
	issuer string
	key    func(kid string) (public any, ok bool) // from the issuer's jwks_uri

	mu      sync.Mutex
	lists   map[string]*fetched
	fetches int // answered with a list
	asked   int
}

type fetched struct {
	bits  []byte
	etag  string
	until time.Time // ask again
	ends  time.Time // exp
}

var errRevoked = errors.New("the token was revoked")

// check fails when the token with that claim status does not count any more, or when
// that cannot be known.
func (r *resourceServer) check(ctx context.Context, uri string, index int64, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.lists[uri]
	if list == nil || !now.Before(list.until) {
		next, err := r.fetch(ctx, uri, list, now)
		if err != nil {
			return fmt.Errorf("the status is not known: %w", err)
		}
		list, r.lists[uri] = next, next
	}
	if index < 0 || index/8 >= int64(len(list.bits)) {
		return errors.New("the index is out of the list")
	}
	if list.bits[index/8]>>(index%8)&1 == 1 {
		return errRevoked
	}
	return nil
}

func (r *resourceServer) fetch(ctx context.Context, uri string, old *fetched, now time.Time) (*fetched, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/statuslist+jwt")
	if old != nil {
		request.Header.Set("If-None-Match", old.etag)
	}
	r.asked++
	response, err := r.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusNotModified && old != nil && now.Before(old.ends):
		return &fetched{old.bits, old.etag, now.Add(2 * time.Second), old.ends}, nil
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("status %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	r.fetches++
	return r.parse(string(body), uri, response.Header.Get("ETag"), now)
}

// parse holds a status list token against §8.3.
func (r *resourceServer) parse(token, uri, etag string, now time.Time) (*fetched, error) {
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil, err
	}
	header := jws.Signatures[0].Protected
	public, ok := r.key(header.KeyID)
	if !ok || header.ExtraHeaders[jose.HeaderType] != "statuslist+jwt" {
		return nil, errors.New("not a status list of the issuer")
	}
	payload, err := jws.Verify(public)
	if err != nil {
		return nil, err
	}
	var claims struct {
		Issuer  string `json:"iss"`
		Subject string `json:"sub"`
		Expiry  int64  `json:"exp"`
		TTL     int64  `json:"ttl"`
		List    struct {
			Bits int    `json:"bits"`
			List string `json:"lst"`
		} `json:"status_list"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, err
	}
	ends := time.Unix(claims.Expiry, 0)
	if claims.Issuer != r.issuer || claims.Subject != uri || !now.Before(ends) || claims.List.Bits != 1 {
		return nil, fmt.Errorf("not the list that was asked for: %+v", claims)
	}
	bits, err := inflate(claims.List.List)
	return &fetched{bits, etag, now.Add(time.Duration(claims.TTL) * time.Second), ends}, err
}

func inflate(lst string) ([]byte, error) {
	raw, err := base64.RawURLEncoding.DecodeString(lst)
	if err != nil {
		return nil, err
	}
	z, err := zlib.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(z, 1<<20))
}
