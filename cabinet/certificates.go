package cabinet

import (
	"net/http"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// certificateView is a qualified certificate that is bound to the person's
// account. The certificate itself and the numbers in it are not shown.
type certificateView struct {
	ID           string                      `json:"id"`
	Status       directory.CertificateStatus `json:"status"`
	Fingerprint  string                      `json:"fingerprint"`
	Serial       string                      `json:"serial"`
	Issuer       string                      `json:"issuer"`
	Owner        string                      `json:"owner"`
	Kind         string                      `json:"kind"`
	Organisation string                      `json:"organisation,omitempty"`
	Algorithm    string                      `json:"algorithm"`
	Class        string                      `json:"class,omitempty"`
	NotBefore    storage.Time                `json:"not_before"`
	NotAfter     storage.Time                `json:"not_after"`
	BoundAt      storage.Time                `json:"bound_at"`
	UsedAt       storage.Time                `json:"used_at,omitzero"`
}

// certificates answers GET /v1/certificates: the person's own.
func (s *Server) certificates(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	list, err := s.Directory.Certificates(c.Ctx(), c.Claims.Subject)
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	now := storage.Of(s.Now())
	views := make([]certificateView, len(list))
	for i, one := range list {
		views[i] = certificateView{
			ID: one.ID, Status: one.Status(now), Fingerprint: one.Fingerprint, Serial: one.Serial, Issuer: one.Issuer,
			Owner: one.Owner, Kind: one.Kind, Organisation: one.Organisation, Algorithm: one.Algorithm, Class: one.Class,
			NotBefore: one.NotBefore, NotAfter: one.NotAfter, BoundAt: one.BoundAt, UsedAt: one.UsedAt,
		}
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{"certificates": views})
}
