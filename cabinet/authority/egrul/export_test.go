package egrul

// ReadLimited is Read with another bound on a record, so that a test need not fill
// all of it.
var ReadLimited = read
