// Package organisation is the cabinet's part about the organisation itself: its
// profile in blocks whose changes are confirmed, its legal status as the register has
// it, the closing of the cabinet, and the ways in for another company: registration
// and binding by ИНН.
//
// It talks to the API alone. What a block may hold and who may change it, the API says.
package organisation

import (
	"embed"

	"propusk/cabinet/web/desk"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

// Room is the part of the cabinet about the organisation.
func Room() desk.Room {
	const own, change, closing = "/cabinet/organization", "/cabinet/organization/changes/{id}", "/cabinet/organization/deactivation"
	const registration, binding = "/cabinet/registrations/{id}", "/cabinet/bindings/{id}"
	return desk.Room{
		Name: "organisation", Files: files, Scopes: []string{"organization:read", "organization:write"},
		Nav: []desk.NavItem{{Key: "place.organisation", Path: own, Order: 510}},
		Routes: []desk.Route{
			desk.Get(own, profile),
			desk.Get(own+"/blocks/{block}", editForm),
			desk.Post(own+"/blocks/{block}", edit),
			desk.Get(own+"/blocks/{block}/versions", versions),
			desk.Post(own+"/blocks/{block}/versions/{version}/restore", restore),
			desk.Get(change, showChange),
			desk.Post(change+"/code", sendCode),
			desk.Post(change+"/confirm", confirm),
			desk.Post(change+"/cancel", cancel),
			large(desk.Post(change+"/attachments", attach), paperLimit),
			desk.Get(change+"/attachments/{file}", getAttachment),
			desk.Get(change+"/sign", signsChange.open),
			desk.Get(change+"/statement", signsChange.statement),
			large(desk.Post(change+"/sign", signsChange.take), desk.SigningLimit),

			desk.Get(own+"/legal-status", status),
			desk.Get(own+"/legal-status/document", statusDocument),
			desk.Post(own+"/legal-status/correction", askCorrection),

			desk.Get(closing, showClosing),
			desk.Post(closing, askClosing),
			desk.Post(closing+"/confirm", confirmClosing),
			desk.Post(closing+"/undo", undoClosing),

			newcomers(desk.Get("/cabinet/registrations", registrations)),
			newcomers(desk.Post("/cabinet/registrations", startRegistration)),
			newcomers(desk.Get(registration, showRegistration)),
			newcomers(desk.Post(registration, saveRegistration)),
			newcomers(desk.Post(registration+"/code", sendRegistrationCode)),
			newcomers(desk.Post(registration+"/confirm", confirmRegistrationCode)),
			newcomers(desk.Post(registration+"/check", checkRegistration)),
			newcomers(large(desk.Post(registration+"/documents", addPaper), paperLimit)),
			newcomers(desk.Get(registration+"/documents/{document}", getPaper)),
			newcomers(desk.Post(registration+"/documents/{document}/drop", dropPaper)),
			newcomers(desk.Get(registration+"/sign", signsApplication.open)),
			newcomers(desk.Get(registration+"/statement", signsApplication.statement)),
			newcomers(large(desk.Post(registration+"/sign", signsApplication.take), desk.SigningLimit)),
			newcomers(desk.Post(registration+"/submit", submitRegistration)),
			newcomers(desk.Post(registration+"/withdraw", withdrawRegistration)),
			newcomers(desk.Post(registration+"/open", openCabinet)),

			newcomers(desk.Post("/cabinet/bindings", startBinding)),
			newcomers(desk.Get(binding, showBinding)),
			newcomers(desk.Post(binding+"/confirm", confirmBinding)),
		},
	}
}

// large lets a form be as long as its files are, in bytes.
func large(r desk.Route, limit int64) desk.Route {
	r.Limit = limit
	return r
}

// newcomers opens a page to who has no organisation yet.
func newcomers(r desk.Route) desk.Route {
	r.Newcomer = true
	return r
}

// opened leads into the organisation that a person has just got: by a switch, or, for
// his first one, by a sign-in for it.
func opened(v *desk.Visit, notice string) error {
	if v.Organisation().ID == "" {
		return v.Redirect("/cabinet")
	}
	return v.Done("/cabinet/organisations", notice)
}
