// Package client is the record of applications: what is known of each, what it may
// look like, and the rows that keep it (RFC 7591's client metadata).
//
// It owns Client with its validation, profiles, key sets, certificate names and
// machine secrets, and the Store through which all of it is read and changed. The
// authorization server (idp/oauth) authenticates clients against it; cmd lets
// operators keep it; idp/application lets programs register themselves; and
// cabinet/client lets organisations keep their own. It must not know how tokens are
// made, what an endpoint looks like, or who is asking: whoever changes a client has
// been let in by his own door.
package client
