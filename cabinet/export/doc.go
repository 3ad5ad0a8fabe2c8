// Package export hands lists over as files: XLSX for going on working with them, PDF
// for reading.
//
//	GET  …/export     a short list, at once
//	POST /v1/exports ─tx─► waiting ─► job: making, so many rows of so many ─► ready ─► taken
//	                                        └─► failed                          └─► over after three days
//
// It owns: what a list is that can be exported (Kind: a room gives one for each of its
// lists), how many rows are drawn at once and how many at all, and exports that take
// long: whose they are, how far they are, their files. The work is a job: a killed
// process loses none, and a second try begins anew.
//
// An export shows what its orderer could see when it was ordered; it is given only to
// that person or client, with the same reach, who may read the list to this day.
//
// It must not know what the lists are of, nor how a file is drawn (cabinet/paper) or
// kept (storage/file).
package export
