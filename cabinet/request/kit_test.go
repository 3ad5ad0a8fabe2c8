package request_test

import (
	"testing"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/request"
	"propusk/storage"
	"propusk/storage/storagetest"
)

func sqlite(t *testing.T) *storage.DB { return storagetest.SQLite(t) }

func templateOf(o *cabinettest.Office) request.Template {
	return request.Template{Title: "Шаблон " + o.Tag, Body: "О «{subject}»: {inn}"}
}
