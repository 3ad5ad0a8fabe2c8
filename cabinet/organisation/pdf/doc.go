// Package pdf decides whether a PDF may be taken as a document of record: it can
// be read by everybody, shows what it says, and does nothing.
//
// It reads the file as an attacker would hide things in it: not by the cross
// reference table, which may point anywhere, but every object that stands in the
// bytes, also inside of streams and of compressed object streams (ISO 32000-1
// §7.5.7). Whatever any reader could come to is so looked at.
//
//	lexer.go    tokens and objects (§7.2, §7.3), bounded in depth and number
//	file.go     every object of a file, object streams unpacked
//	filter.go   FlateDecode with predictors, bounded
//	check.go    what is refused, and whether pages show anything
//
// It must not know what the document is for, nor who sent it.
package pdf
