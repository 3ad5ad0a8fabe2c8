package file

import (
	"archive/zip"
	"io"
	"path"
	"strings"
)

// Bounds of an archive: how many entries, how large they are unpacked, and how
// many times as large as packed. A sheet of zeros packs about 1:100; a bomb 1:1000
// and more.
const (
	maxEntries  = 10_000
	maxUnpacked = 2 << 30
	maxRatio    = 200
	// ratioFrom is where the ratio begins to count, in bytes unpacked.
	ratioFrom = 16 << 20
)

// sniffZIP looks at the central directory, and so at what a reader would unpack.
func sniffZIP(r io.ReaderAt, size int64) (Kinds, string) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return 0, "broken_zip"
	}
	if fault := archiveFault(archive, size); fault != "" {
		return 0, fault
	}
	return officeKind(archive)
}

// archiveFault finds what makes an archive dangerous to unpack.
func archiveFault(archive *zip.Reader, size int64) string {
	if len(archive.File) == 0 {
		return "broken_zip"
	}
	if len(archive.File) > maxEntries {
		return "bomb"
	}
	seen := make(map[string]bool, len(archive.File))
	var unpacked uint64
	for _, f := range archive.File {
		switch {
		case f.Flags&1 != 0:
			return "encrypted"
		case climbs(f.Name), seen[strings.ToLower(f.Name)], !f.Mode().IsRegular() && !f.Mode().IsDir():
			return "broken_zip"
		}
		seen[strings.ToLower(f.Name)] = true
		if unpacked += f.UncompressedSize64; f.UncompressedSize64 > maxUnpacked || unpacked > maxUnpacked {
			return "bomb"
		}
	}
	if unpacked > ratioFrom && unpacked > uint64(size)*maxRatio {
		return "bomb"
	}
	return ""
}

// climbs: a name that would be written outside of the folder it is unpacked in.
func climbs(name string) bool {
	clean := path.Clean(name)
	return name == "" || strings.ContainsAny(name, "\\\x00") || path.IsAbs(name) || strings.Contains(name, ":") ||
		clean == ".." || strings.HasPrefix(clean, "../")
}

// officeKind tells workbooks and texts (ECMA-376 part 2) from other archives, and
// finds macros in them.
func officeKind(archive *zip.Reader) (Kinds, string) {
	has := map[string]bool{}
	for _, f := range archive.File {
		name := strings.ToLower(f.Name)
		has[name] = true
		if base := path.Base(name); base == "vbaproject.bin" || base == "vbadata.xml" || strings.HasPrefix(name, "xl/macrosheets/") {
			return 0, "macro"
		}
	}
	types := has["[content_types].xml"]
	switch {
	case types && has["xl/workbook.xml"] && has["word/document.xml"]:
		return 0, "broken_zip"
	case types && (has["xl/workbook.xml"] || has["word/document.xml"]):
		return packageKind(archive, has["xl/workbook.xml"])
	case types, has["meta-inf/manifest.mf"], has["androidmanifest.xml"], has["xl/workbook.xml"], has["word/document.xml"]:
		return 0, "unknown" // another package: a presentation, a Java program, half of an office file
	}
	return ZIP, ""
}

// packageKind reads the content types: a template or a file with macros is another
// kind, whatever its parts are called.
func packageKind(archive *zip.Reader, workbook bool) (Kinds, string) {
	types, err := readEntry(archive, "[Content_Types].xml", 1<<20)
	if err != nil {
		return 0, "broken_zip"
	}
	kind, mainType := DOCX, DOCX.MediaType()+".main+xml"
	if workbook {
		kind, mainType = XLSX, XLSX.MediaType()+".main+xml"
	}
	lower := strings.ToLower(string(types))
	switch {
	case strings.Contains(lower, "macroenabled"), strings.Contains(lower, "vbaproject"):
		return 0, "macro"
	case !strings.Contains(lower, strings.ToLower(mainType)):
		return 0, "broken_zip"
	}
	return kind, ""
}

// readEntry unpacks one entry, at most limit bytes of it.
func readEntry(archive *zip.Reader, name string, limit int64) ([]byte, error) {
	for _, f := range archive.File {
		if !strings.EqualFold(f.Name, name) {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		defer func() { _ = r.Close() }() // it was only read
		return io.ReadAll(io.LimitReader(r, limit))
	}
	return nil, io.ErrUnexpectedEOF
}
