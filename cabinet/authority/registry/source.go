package registry

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// paths are the files at the places given: a file as it is, a folder searched
// through for .xml and .zip.
func paths(places []string) ([]string, error) {
	var out []string
	for _, place := range places {
		info, err := os.Stat(place)
		if err != nil {
			return nil, fmt.Errorf("registry: %w", err)
		}
		if !info.IsDir() {
			out = append(out, place)
			continue
		}
		err = filepath.WalkDir(place, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() && hasEnding(path, ".xml", ".zip") {
				out = append(out, path)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("registry: search through %s: %w", place, err)
		}
	}
	return out, nil
}

func hasEnding(path string, endings ...string) bool {
	return slices.Contains(endings, strings.ToLower(filepath.Ext(path)))
}

// digestOf names a file by its content.
func digestOf(ctx context.Context, path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, contextReader{ctx, file}); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// contextReader stops reading when ctx ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// maxEntry bounds one unpacked file of an archive: the published ones have some
// tens of megabytes.
const maxEntry = 8 << 30

// eachXML gives every XML of the file to read, with the name that faults show. An
// archive in an archive is not looked into.
func eachXML(path string, read func(name string, r io.Reader) error) error {
	if !hasEnding(path, ".zip") {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		return read(path, file)
	}
	archive, err := zip.OpenReader(path)
	if err != nil {
		return fmt.Errorf("not a ZIP archive that can be read: %w", err)
	}
	defer archive.Close()
	entries := slices.Clone(archive.File)
	slices.SortStableFunc(entries, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	for _, entry := range entries {
		if entry.FileInfo().IsDir() || !hasEnding(entry.Name, ".xml") {
			continue
		}
		if err := readEntry(path, entry, read); err != nil {
			return err
		}
	}
	return nil
}

func readEntry(path string, entry *zip.File, read func(name string, r io.Reader) error) error {
	r, err := entry.Open()
	if err != nil {
		return fmt.Errorf("%s: %w", entry.Name, err)
	}
	defer r.Close()
	return read(path+"!"+printable(entry.Name), io.LimitReader(r, maxEntry))
}

// printable is a name from an archive as it may stand on an operator's screen and in
// a log: what would move the cursor, colour the text or turn its direction is written
// as its code.
func printable(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return name
	}
	return strings.Trim(strconv.QuoteToGraphic(name), `"`)
}
