package factor

import (
	"bytes"
	"crypto/sha1" // the lists of breached passwords are of SHA-1; nothing is kept secret by it
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// HashList is a list of breached passwords, as it is published: a text file of
// SHA-1 hashes in hexadecimal, one a line, in rising order, each with a colon
// and how often it was seen (Have I Been Pwned, "ordered by hash"), or without.
// It is searched where it lies, by bisection: a look-up in the whole list of a
// thousand million takes some forty reads and no memory.
type HashList struct {
	file io.ReaderAt
	size int64
}

// longestLine of a list: a hash, a count, the end of the line.
const longestLine = 64

// OpenHashList opens the list at path. It looks at its ends only: a list in
// another order finds some of its passwords, not all.
func OpenHashList(path string) (*HashList, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("factor: open breached passwords: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("factor: open breached passwords: %w", err)
	}
	l := &HashList{file: file, size: info.Size()}
	if err := l.check(); err != nil {
		return nil, errors.Join(fmt.Errorf("factor: breached passwords in %s: %w", path, err), file.Close())
	}
	return l, nil
}

func (l *HashList) check() error {
	last, _, err := l.line(0)
	if err != nil {
		return err
	}
	first := last
	// What begins in the last bytes is the end of the list.
	for at := max(0, l.size-2*longestLine); err == nil; {
		var hash string
		if hash, at, err = l.line(at); err == nil {
			last = hash
		}
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	if last < first {
		return errors.New("not in rising order")
	}
	return nil
}

// Contains reports whether the list has the password; a nil list has none.
func (l *HashList) Contains(password string) (bool, error) {
	if l == nil {
		return false, nil
	}
	sum := sha1.Sum([]byte(password))
	want := strings.ToUpper(hex.EncodeToString(sum[:]))
	low, high := int64(0), l.size
	for low < high {
		middle := low + (high-low)/2
		hash, next, err := l.line(middle)
		switch {
		case errors.Is(err, io.EOF):
			high = middle
		case err != nil:
			return false, fmt.Errorf("factor: search breached passwords: %w", err)
		case hash == want:
			return true, nil
		case hash < want:
			low = next
		default:
			high = middle
		}
	}
	return false, nil
}

// line reads the first line that begins at or after at, as its hash, and where
// the next one begins; io.EOF when there is none.
func (l *HashList) line(at int64) (hash string, next int64, err error) {
	var buffer [2 * longestLine]byte
	from := max(0, at-1)
	n, err := l.file.ReadAt(buffer[:], from)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", 0, err
	}
	text := buffer[:n]
	if at > 0 {
		_, rest, found := bytes.Cut(text, []byte("\n"))
		if !found {
			return "", 0, io.EOF
		}
		from, text = from+int64(len(text)-len(rest)), rest
	}
	if len(text) == 0 {
		return "", 0, io.EOF
	}
	entry, _, _ := bytes.Cut(text, []byte("\n"))
	hash, _, _ = strings.Cut(strings.TrimRight(string(entry), "\r"), ":")
	if _, err := hex.DecodeString(hash); err != nil || len(hash) != 2*sha1.Size {
		return "", 0, fmt.Errorf("at byte %d: not a SHA-1 hash", from)
	}
	return strings.ToUpper(hash), from + int64(len(entry)) + 1, nil
}
