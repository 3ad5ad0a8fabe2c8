// Package outside asks addresses that strangers have registered: key sets and
// logout addresses of applications, endpoints of push services, webhooks.
//
// They are strangers' wishes, so nothing inside may be reached through them
// (server-side request forgery): no redirect is followed, no proxy is used, and
// the address that a connection goes to is looked at when it is made and not when
// the name is resolved, so that a name that leads elsewhere the second time (DNS
// rebinding) gains nothing.
//
// It must not know what is asked or why.
package outside
