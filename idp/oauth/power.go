package oauth

import (
	"context"
	"encoding/json"

	"propusk/idp/directory"
)

// power is the claim poa: the power of attorney by which a person acts for an
// organisation of which he is no member. Resource servers show it and note it;
// how far it reaches is decided anew at each act (directory.Authorise).
type power struct {
	ID     string                `json:"id"`
	Number string                `json:"number"`
	Until  int64                 `json:"until"` // seconds since 1970: the end of its last day
	Powers []string              `json:"powers"`
	Limits directory.PowerLimits `json:"limits"`
	// Others are further live powers in the organisation, not all where there are
	// many; what the token permits is the union of all.
	Others []otherPower `json:"others,omitempty"`

	ends int64 // when the first of them all ends: from then on the token would permit too much
}

// otherPower names one more power.
type otherPower struct {
	ID     string `json:"id"`
	Number string `json:"number"`
	Until  int64  `json:"until"`
}

// othersNamed bounds Others: a token travels in a header.
const othersNamed = 4

// representative is the owner that a person is by power of attorney;
// storage.ErrNotFound when there is none, or the person is a member.
func (p *Provider) representative(ctx context.Context, personID, organisationID string) (owner, error) {
	r, err := p.deps.Directory.Representation(ctx, personID, organisationID)
	if err != nil {
		return owner{}, err
	}
	o := organisationFrom(r.Organisation)
	first := powerFrom(r.Powers[0])
	for i, other := range r.Powers[1:] {
		further := powerFrom(other)
		first.ends = min(first.ends, further.Until)
		if i < othersNamed {
			first.Others = append(first.Others, otherPower{further.ID, further.Number, further.Until})
		}
	}
	return owner{
		organisation: &o, roles: []string{}, permissions: names(r.Permissions()), version: r.Version, power: &first,
	}, nil
}

func powerFrom(p directory.PowerOfAttorney) power {
	until := p.ValidUntil.Time().Unix()
	return power{
		ID: p.ID, Number: p.Number, Until: until, Powers: p.Powers.V, Limits: p.Limits.V, ends: until,
	}
}

// appendJSON appends the claim as encoding/json writes it. Tokens by power are
// few, so that the library may take its time.
func (p *power) appendJSON(b []byte) []byte {
	text, _ := json.Marshal(p) // strings and numbers always marshal
	return append(b, text...)
}
