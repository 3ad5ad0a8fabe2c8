package organisation

import (
	"net/http"
	"time"

	"propusk/cabinet/web/desk"
)

// organization is the API's answer, as far as the page shows it.
type organization struct {
	ID            string    `json:"id"`
	Kind          string    `json:"kind"`
	Status        string    `json:"status"`
	Name          string    `json:"name"`
	FullName      string    `json:"full_name"`
	INN           string    `json:"inn"`
	KPP           string    `json:"kpp"`
	OGRN          string    `json:"ogrn"`
	Address       string    `json:"address"`
	ActualAddress string    `json:"actual_address"`
	Phone         string    `json:"phone"`
	Email         string    `json:"email"`
	RequiredACR   string    `json:"required_acr"`
	UpdatedAt     time.Time `json:"updated_at"`
}

type profileView struct {
	Organisation organization
	Sole         bool
	Role         string
	Permissions  []string // in words
}

// profile shows the requisites, and what one may do here.
func profile(v *desk.Visit) error {
	view := profileView{Role: v.RolesText()}
	if err := v.Get("/organization", nil, &view.Organisation); err != nil {
		return err
	}
	view.Sole = view.Organisation.Kind == "sole"
	for _, name := range v.Organisation().Permissions {
		view.Permissions = append(view.Permissions, v.T("scope."+name))
	}
	return v.Page(http.StatusOK, "organisation_profile.html", "place.organisation", view)
}
