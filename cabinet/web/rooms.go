package web

import (
	"propusk/cabinet/web/desk"
	"propusk/cabinet/web/document"
	"propusk/cabinet/web/export"
	"propusk/cabinet/web/extract"
	"propusk/cabinet/web/filing"
	"propusk/cabinet/web/home"
	"propusk/cabinet/web/integration"
	"propusk/cabinet/web/journal"
	"propusk/cabinet/web/notice"
	"propusk/cabinet/web/organisation"
	"propusk/cabinet/web/payment"
	"propusk/cabinet/web/people"
	"propusk/cabinet/web/power"
	"propusk/cabinet/web/request"
	"propusk/cabinet/web/security"
	"propusk/cabinet/web/service"
	"propusk/cabinet/web/tender"
)

// Rooms are the parts of the cabinet.
func Rooms() []desk.Room {
	return []desk.Room{
		home.Room(),
		organisation.Room(),
		people.Room(),
		journal.Room(),
		filing.Room(),
		extract.Room(),
		power.Room(),
		security.Room(),
		payment.Room(),
		request.Room(),
		service.Room(),
		document.Room(),
		tender.Room(),
		notice.Room(),
		integration.Room(),
		export.Room(),
	}
}
