// Package access is the room in which an organisation sees who is at work in its
// name, and ends it: every live access of its people (whose, by which application,
// on which device, since when), one of them, all of a member.
//
// It owns the routes and what an administrator is told. It must not know what a
// grant or a session is made of: which are open, and how one ends so that its
// tokens are refused on every node, is the issuer's ([Book]); membership and powers
// of attorney are idp/directory's.
package access
