// Package people is the cabinet's part about who works in the organisation: members
// with their roles and rights, invitations, and the matrix that explains what each
// role opens.
//
// It talks to the API alone and must not know who may do what: the API says so.
package people
