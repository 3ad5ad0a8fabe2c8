package signals

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"propusk/storage/journal"
)

// signed are events as SETs, by their jti. Each is signed when it is handed over for
// the first time, so that the key is one that is published then, however long it
// waited; and once: a receiver that takes without acknowledging, over and over, costs
// no signatures. One whose key is not published any more, gone or withdrawn, is signed
// anew.
func (s *Signals) signed(ctx context.Context, streamID string, list []queued) (map[string]string, error) {
	sets, fresh := make(map[string]string, len(list)), map[int64]string{}
	for _, q := range list {
		token := q.Signed
		if token == "" || !s.published(token) {
			var err error
			if token, err = s.Keys.Sign("", typeSET, []byte(q.Claims)); err != nil {
				return nil, fmt.Errorf("signals: sign a SET: %w", err)
			}
			fresh[q.Sequence] = token
		}
		sets[q.JTI] = token
	}
	return sets, s.keepSigned(ctx, streamID, fresh)
}

// keepSigned keeps the signed form beside the event. It holds nothing but the events'
// own rows: one that was taken meanwhile is gone, and nothing is lost.
func (s *Signals) keepSigned(ctx context.Context, streamID string, fresh map[int64]string) error {
	if len(fresh) == 0 {
		return nil
	}
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		if _, err := s.DB.Exec(ctx, `UPDATE signal_streams SET updated_at = updated_at WHERE id = $1`, streamID); err != nil {
			return fmt.Errorf("signals: lock a stream: %w", err)
		}
		for sequence, token := range fresh {
			_, err := s.DB.Exec(ctx, `UPDATE signal_events SET signed = $1 WHERE stream_id = $2 AND sequence = $3`, token, streamID, sequence)
			if err != nil {
				return fmt.Errorf("signals: keep a signed SET: %w", err)
			}
		}
		return nil
	})
}

// published reports whether a receiver can still verify the token by our key set.
func (s *Signals) published(token string) bool {
	header, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(header)
	if err != nil {
		return false
	}
	var named struct {
		KeyID string `json:"kid"`
	}
	if json.Unmarshal(raw, &named) != nil {
		return false
	}
	_, _, ok := s.Keys.Public(named.KeyID)
	return ok
}

// txn is the transaction of a change as one client is told of it (RFC 8417 §2.2): the
// same in all its events, and another at every other client. Two applications to which
// a person has different names would else know by it that they mean one person.
func (s *Signals) txn(ctx context.Context, clientID string) string {
	request := journal.From(ctx).RequestID
	if request == "" {
		return ""
	}
	mac := hmac.New(sha256.New, s.transactions)
	mac.Write([]byte(clientID + "\x00" + request))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:18])
}
