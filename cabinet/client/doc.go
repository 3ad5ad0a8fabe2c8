// Package client is where an organisation keeps its own applications: programs that
// its people sign in at, or that act for it by themselves.
//
// An administrator makes them, sees when they were last used, changes secrets and
// keys without an outage, hears in time that one ends, says what each may do and from
// which networks, and takes it all away again. What a client is and whether it is
// right is idp/client's; here is who of the organisation may do what:
//
//   - nobody lets a program have more than he has himself, and nobody lays hands on a
//     program that can do more than he can: its secret would be his;
//   - a program never gets what belongs to operators of the service;
//   - clients of the house itself (first party) can be looked at only.
//
// It must not know how tokens are made.
package client
