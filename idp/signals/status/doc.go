// Package status publishes which access tokens no longer count, as signed lists of
// one bit a token (Token Status List, draft-ietf-oauth-status-list), so that
// resource servers elsewhere learn of a revocation as fast as the cabinet does, from
// a file that they fetch and keep.
//
// A token of a client that asks for it names its list and its place there. There is
// no row for each token: tokens of one grant (in one organisation, with one version
// of the rights there) or of one client for itself live and die together, so they
// share a place, which is given to the first of them and found in memory by the
// others. A list is given out for an hour; then the next one begins, and the old one
// goes when the last of its tokens has expired. Places in a list are random, so that
// they tell nobody how many there are.
//
//	token ─► Place: owner → (list, index), memory, else one row
//	list  ─► rows of the list, in memory ─► revocation.List ─► bits ─► zlib ─► JWT
//
// A bit is never stored: it is what storage/revocation says of the place's grant,
// session, person, client, organisation and membership at the moment the list is
// made. Every node makes the same lists.
//
// How late a resource server can be: TTL (two seconds, its own copy; caches between
// keep none) + Fresh (half a second, ours) + two seconds (the revocation list, when an
// event was lost). A node whose revocation list is older than two and a half seconds
// answers 503 and not with an old list, so that it is five seconds at the very worst.
//
// The package must not know how tokens are made or who may ask for them.
package status
