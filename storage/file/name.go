package file

import (
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxName bounds a name in bytes, extension included: what folders take.
const maxName = 200

// cleanName makes a name fit to be shown, stored and saved by anybody: without
// folders (of either kind of slash), control and direction-changing characters,
// and dots at its ends; composed (Unicode NFC). Its extension fits the content:
// when it does not, the right one is added, so that "invoice.pdf.exe" that is a
// PDF opens as one.
func cleanName(name string, kind Kinds) string {
	name = strings.ToValidUTF8(name, "")
	if slash := strings.LastIndexAny(name, `/\`); slash >= 0 {
		name = name[slash+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Zs, r):
			return ' '
		case !unicode.IsPrint(r) || unicode.Is(unicode.Cf, r), strings.ContainsRune(`<>:"|?*`, r):
			return -1
		}
		return r
	}, norm.NFC.String(name))
	name = strings.Trim(name, " .")
	extension := fitting(name, kind)
	name = strings.Trim(cut(strings.TrimSuffix(name, extension), maxName-len(extension)), " .")
	if name == "" {
		name = "file"
	}
	return name + extension
}

// fitting is the name's own extension where it is one of the kind's, and the
// kind's first otherwise.
func fitting(name string, kind Kinds) string {
	for _, row := range kindTable {
		if row.kind != kind || len(row.extensions) == 0 {
			continue
		}
		if own := path.Ext(name); slices.Contains(row.extensions, strings.ToLower(own)) && own != name {
			return own
		}
		return row.extensions[0]
	}
	return ""
}

// cut shortens s to at most n bytes, between characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
