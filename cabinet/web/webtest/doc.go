// Package webtest tests rooms of the cabinet in the browser in a whole cabinet: real
// pages over a real API, with an issuer that gives tokens to whom the test says.
//
// A test opens a page, fills a form by its labels, submits it and looks at the
// result, as a person does:
//
//	w := webtest.New(t, apiRooms, people.Room())
//	office := w.Office("mayak", directory.Head)
//	page := w.SignIn(office, directory.Head).Open("/cabinet/members/invite")
//	page.Fill("Фамилия", "Орлова").Submit("Отправить приглашение").Says("Приглашение отправлено")
//
// Only tests import it.
package webtest
