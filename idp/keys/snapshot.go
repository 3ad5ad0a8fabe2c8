package keys

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"propusk/storage"
)

// Status is where a key stands in its life; see the package's description.
type Status string

// The stations of a key's life.
const (
	Next    Status = "next"
	Active  Status = "active"
	Retired Status = "retired"
	Gone    Status = "gone"
)

// Info describes a key without its material. Times that are not settled yet
// are zero.
type Info struct {
	ID          string       `json:"kid"`
	Algorithm   string       `json:"alg"`
	Store       string       `json:"store"` // where the private key lies: database, token
	Status      Status       `json:"status"`
	CreatedAt   storage.Time `json:"created_at"`   // published since
	ActivatesAt storage.Time `json:"activates_at"` // signs from then
	RetiresAt   storage.Time `json:"retires_at"`   // signs until then
	GoneAt      storage.Time `json:"gone_at"`      // published until then
}

// record is a stored key, opened.
type record struct {
	key         held
	createdAt   storage.Time
	activatesAt storage.Time
	sequence    int64
}

// snapshot is what the keys are between two instants of change.
type snapshot struct {
	active map[string]Key             // by algorithm
	public map[string]jose.JSONWebKey // by kid
	body   []byte
	etag   string
	until  storage.Time // the next change; 0 when none is due
}

// refresh replaces the snapshot by the one of now. The caller holds r.mu.
func (r *Ring) refresh(now storage.Time) *snapshot {
	s := &snapshot{active: make(map[string]Key), public: make(map[string]jose.JSONWebKey)}
	var set jose.JSONWebKeySet
	for i, info := range r.infos(now) {
		for _, change := range []storage.Time{info.ActivatesAt, info.GoneAt} {
			if change > now && (s.until == 0 || change < s.until) {
				s.until = change
			}
		}
		if info.Status == Gone {
			continue
		}
		key := r.records[i].key
		if info.Status == Active {
			s.active[key.Algorithm] = key.Key
		}
		s.public[key.ID] = key.public()
		set.Keys = append(set.Keys, key.public())
	}
	body, err := json.Marshal(set)
	if err != nil {
		panic(err) // public keys of the four kinds always marshal
	}
	digest := sha256.Sum256(body)
	s.body, s.etag = body, `"`+base64.RawURLEncoding.EncodeToString(digest[:12])+`"`
	r.state.Store(s)
	return s
}

// infos tells each record's station at now, in the records' order. The caller
// holds r.mu.
func (r *Ring) infos(now storage.Time) []Info {
	infos := make([]Info, len(r.records))
	for i, rec := range r.records {
		info := Info{
			ID: rec.key.ID, Algorithm: rec.key.Algorithm, Store: rec.key.store,
			CreatedAt: rec.createdAt, ActivatesAt: rec.activatesAt,
		}
		if i+1 < len(r.records) && r.records[i+1].key.Algorithm == rec.key.Algorithm {
			info.RetiresAt = r.records[i+1].activatesAt
			info.GoneAt = info.RetiresAt + storage.Time(r.deps.Overlap.Microseconds())
		}
		info.Status = status(info, now)
		infos[i] = info
	}
	return infos
}

func status(info Info, now storage.Time) Status {
	switch {
	case info.ActivatesAt > now:
		return Next
	case info.RetiresAt == 0 || info.RetiresAt > now:
		return Active
	case info.GoneAt > now:
		return Retired
	default:
		return Gone
	}
}

// order sorts records by algorithm (the default first), then by the instant
// they begin to sign.
func order(a, b record) int {
	if a.key.Algorithm != b.key.Algorithm {
		return slices.Index(Algorithms(), a.key.Algorithm) - slices.Index(Algorithms(), b.key.Algorithm)
	}
	if a.activatesAt != b.activatesAt {
		return int(min(max(a.activatesAt-b.activatesAt, -1), 1))
	}
	return int(a.sequence - b.sequence)
}
