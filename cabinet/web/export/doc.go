// Package export is the lists that are made into files while their orderer does
// something else: how far each is, and the file when it is ready. Short lists never come
// here: their own pages hand them over (desk.Visit.Export), and lead here where a list is
// too long for that.
//
// It must not know what the lists are of: the API names them.
package export
