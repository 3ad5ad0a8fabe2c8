package api

import "unicode"

// Disguise reports whether a character makes a text read as another one than it is, in
// every place where it is shown: controls, the marks that turn the direction of writing
// (CVE-2021-42574), tags, which nobody sees and programs read, and the
// marks of annotations. Nothing that is kept and shown has them; paragraphs may have
// line feeds and tabs, which is their reader's to let through. What only joins or parts
// letters is let be: people paste it, and no name that somebody is known by passes here
// alone.
func Disguise(r rune) bool {
	switch {
	case r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, // directions
		r == 0xFEFF, r >= 0xFFF9 && r <= 0xFFFB, r >= 0xE0000 && r <= 0xE007F:
		return true
	}
	return unicode.IsControl(r)
}
