// Package desk is what every page of the cabinet in the browser stands on: the
// sign-in and the session, the client of the cabinet's API, the frame with the
// organisation in sight, forms that survive a new sign-in, and refusals that say
// whom to ask.
//
// A [House] says where all that stands: the cabinet, or the operators' console
// (console/web), in which nobody acts for an organisation. There a form is bound to
// the person it was drawn for, and his rights are his roles.
//
// A [Room] is a part of the cabinet: its pages, its words, its places in the side
// list. Each page is a function of a [Visit], one request of a signed-in person:
//
//	func page(v *desk.Visit) error {
//		var found list
//		if err := v.Get("/filings", url.Values{"limit": {"20"}}, &found); err != nil {
//			return err // the desk tells it
//		}
//		return v.Page(http.StatusOK, "filings.html", "place.filings", found)
//	}
//
// What a page returns as an error the desk answers: it sends the person to sign in
// again (also more strongly, RFC 9470) and brings him back to the form as he had
// filled it, or draws the refusal in the API's own words.
//
// A form is an ordinary one. The desk puts hidden fields into each that is sent by
// POST: the organisation it was drawn for, which is compared before the page's
// function is called, so that what one tab sends after a switch in another is
// refused and never applied elsewhere; the page it stands on; and a key by which a
// repeat is known ([Visit.FormKey]).
//
// The browser holds one opaque cookie. Tokens stay on the server, in Ephemeral,
// sealed, and are refreshed before they expire.
//
// The package draws with the page kit and keeps sessions in storage. It must know
// nothing else of the house: not the directory, not the issuer's insides, no
// database. Who may do what is decided by the API alone; pages only leave out what
// it would refuse, or say why it would.
package desk
