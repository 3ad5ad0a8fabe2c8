package console

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"propusk/cabinet/api"
	"propusk/idp/keys"
	"propusk/storage"
)

type trustView struct {
	Enabled     bool            `json:"enabled"`
	Warning     string          `json:"warning"`
	Authorities []authorityView `json:"authorities"`
	Lists       []listView      `json:"lists"`
}

type authorityView struct {
	ID           string       `json:"id"`
	Name         string       `json:"name"`
	OGRN         string       `json:"ogrn"`
	Source       string       `json:"source"`
	Certificates int          `json:"certificates"`
	Accredited   bool         `json:"accredited"`
	CRLs         int          `json:"crls"`
	ChangedBy    string       `json:"changed_by"`
	ChangedAt    storage.Time `json:"changed_at"`
}

// listView is a revocation list as this node holds it.
type listView struct {
	Authority  string       `json:"authority"`
	Address    string       `json:"address"`
	Number     string       `json:"number"`
	ThisUpdate storage.Time `json:"this_update"`
	NextUpdate storage.Time `json:"next_update"`
	Revoked    int          `json:"revoked"`
	TriedAt    storage.Time `json:"tried_at"`
	Fault      string       `json:"fault"`
	Stale      bool         `json:"stale"`
	AgeSeconds int64        `json:"age_seconds"` // since it was made; 0 without a list
}

// instant is a time as JSON writes it, null for none.
func instant(t time.Time) storage.Time {
	if t.IsZero() {
		return 0
	}
	return storage.Of(t)
}

// trust answers GET /console/v1/trust.
func (s *Server) trust(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	return s.answerTrust(c, http.StatusOK)
}

func (s *Server) answerTrust(c api.Call, status int) error {
	records, err := s.Trust.Records(c.Ctx())
	if err != nil {
		return err
	}
	view := trustView{Enabled: s.Trust.Enabled(), Warning: s.Trust.Warning(), Authorities: []authorityView{}, Lists: []listView{}}
	for _, r := range records {
		view.Authorities = append(view.Authorities, authorityView{
			r.Authority.ID, r.Authority.Name, r.Authority.OGRN, r.Authority.Source, len(r.Authority.Certificates),
			len(r.Authority.Accreditation) > 0, len(r.Authority.CRLs), r.ChangedBy, r.ChangedAt,
		})
	}
	now := s.Now()
	for _, f := range s.Trust.Freshness() {
		line := listView{
			Authority: f.Authority, Address: f.Address, Number: f.Number, ThisUpdate: instant(f.ThisUpdate), NextUpdate: instant(f.NextUpdate),
			Revoked: f.Revoked, TriedAt: instant(f.Tried), Fault: f.Fault, Stale: f.Stale(now),
		}
		if !f.ThisUpdate.IsZero() {
			line.AgeSeconds = int64(now.Sub(f.ThisUpdate).Seconds())
		}
		view.Lists = append(view.Lists, line)
	}
	return api.Answer(c, status, "", view)
}

// refreshLimit is how long an operator waits for the lists; what is slower is fetched
// by the house's own round.
const refreshLimit = 20 * time.Second

// refreshTrust answers POST /console/v1/trust/refresh.
func (s *Server) refreshTrust(c api.Call) error {
	why, err := reason(c)
	if err != nil {
		return err
	}
	if err := s.record(c.Ctx(), c, "console.trust_refreshed", "", map[string]string{"reason": why}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Ctx(), refreshLimit)
	defer cancel()
	if err := s.Trust.Refresh(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return s.answerTrust(c, http.StatusAccepted)
}

type keysView struct {
	Keys       []keys.Info `json:"keys"`
	Algorithms []string    `json:"algorithms"`
}

// keys answers GET /console/v1/keys.
func (s *Server) keys(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	list, err := s.Keys.List(c.Ctx())
	if err != nil {
		return err
	}
	return api.Answer(c, http.StatusOK, "", keysView{api.List(list), keys.Algorithms()})
}

type rotateBody struct {
	Algorithm string `json:"alg"`
	Reason    string `json:"reason"`
}

// rotateKey answers POST /console/v1/keys/rotate. What is written first is that it was
// asked for, and why: the ring writes that it was done.
func (s *Server) rotateKey(c api.Call) error {
	var body rotateBody
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	why, err := reasonOf(body.Reason)
	if err != nil {
		return err
	}
	if !slices.Contains(keys.Algorithms(), body.Algorithm) {
		return api.InvalidField("/alg", "invalid")
	}
	if err := s.record(c.Ctx(), c, "console.key_rotation", body.Algorithm, map[string]string{"reason": why}); err != nil {
		return err
	}
	key, err := s.Keys.Rotate(c.Ctx(), body.Algorithm)
	if errors.Is(err, storage.ErrExists) {
		return api.Refuse("already_exists").Wrap(err)
	}
	if err != nil {
		return err
	}
	list, err := s.Keys.List(c.Ctx())
	if err != nil {
		return err
	}
	for _, info := range list {
		if info.ID == key.ID {
			return api.Answer(c, http.StatusCreated, "", info)
		}
	}
	return api.Refuse("not_found")
}
