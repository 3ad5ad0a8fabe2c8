package main

import (
	"propusk/cabinet/extract"
	"propusk/cabinet/filing/report"
	"propusk/idp/directory"
)

// kindNames tells the authorization server, which knows no room of the cabinet, what
// authorization details can be limited to and how it is called on the consent page.
func kindNames(t directory.DetailType, code string) (ru, en string, ok bool) {
	switch t {
	case directory.DetailFiling:
		found, ok := report.Find(code)
		if !ok {
			return "", "", false
		}
		return found.Name.In("ru"), found.Name.In("en"), true
	case directory.DetailExtract:
		return extract.KindName(code)
	default:
		return "", "", false
	}
}
