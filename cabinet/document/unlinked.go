package document

import (
	"path"
	"regexp"
	"strings"
)

// address finds what mail programs make a link of: an address with its scheme, and a bare
// name of a host in Latin or under .рф.
var address = regexp.MustCompile(`(?i)[a-z][a-z0-9+-]*://|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.[a-z]{2,}|[а-яё0-9-]+(?:\.[а-яё0-9-]+)*\.рф`)

// dot parts what address finds.
var dot = regexp.MustCompile(`[.]|://`)

// unlinked is a sender's text as a letter of ours may carry it to a mailbox of his
// choice: nothing in it can be followed, so that the house's name sends nobody to a
// stranger's page.
func unlinked(text string) string {
	return address.ReplaceAllStringFunc(text, func(found string) string {
		return dot.ReplaceAllStringFunc(found, func(mark string) string { return "[" + mark + "]" })
	})
}

// unlinkedFile is unlinked for a file's name, whose extension is ours (storage/file).
func unlinkedFile(name string) string {
	extension := path.Ext(name)
	return unlinked(strings.TrimSuffix(name, extension)) + extension
}
