package organisation

import (
	"strings"

	"propusk/cabinet/api"
)

// ConsoleRoom is what operators do here, as the operators' console takes it: the same
// acts as under /v1/moderation, behind the console's own guard.
func (o *Organisations) ConsoleRoom() api.Room {
	room := api.Room{Name: "moderation", Texts: texts, FieldTexts: fieldTexts}
	for _, r := range o.own {
		if strings.HasPrefix(r.Path, "/v1/moderation") {
			room.Routes = append(room.Routes, api.Route{Method: r.Method, Path: "/console" + r.Path, Handle: r.Handle})
		}
	}
	return room
}
