package web

import (
	"propusk/cabinet/web/desk"
	"propusk/cabinet/web/document"
	"propusk/cabinet/web/integration"
	"propusk/cabinet/web/journal"
	"propusk/cabinet/web/notice"
	"propusk/cabinet/web/organisation"
	"propusk/cabinet/web/people"
	"propusk/cabinet/web/request"
	"propusk/cabinet/web/service"
)

// Rooms are the parts of the cabinet.
func Rooms() []desk.Room {
	return []desk.Room{
		organisation.Room(),
		people.Room(),
		journal.Room(),
		request.Room(),
		service.Room(),
		document.Room(),
		notice.Room(),
		integration.Room(),
	}
}
