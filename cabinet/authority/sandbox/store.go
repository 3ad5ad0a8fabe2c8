package sandbox

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// store is the folder of a sandbox: log.jsonl, one change a line, each on the disk
// before anybody is told of it; files/, contents by their SHA-256. Without a folder
// it keeps nothing over the process's end.
type store struct {
	dir   string
	log   *os.File
	size  int64             // of the log, whole lines
	files map[string][]byte // without a folder
}

// openStore opens the folder and gives every change of its log to apply. A last
// line that is torn, because the process was killed while it wrote, was never
// confirmed to anybody and is cut off. A folder is for one process at a time.
func openStore(dir string, apply func(change)) (*store, error) {
	st := &store{dir: dir, files: map[string][]byte{}}
	if dir == "" {
		return st, nil
	}
	if err := os.MkdirAll(filepath.Join(dir, "files"), 0o700); err != nil {
		return nil, fmt.Errorf("sandbox: make the folder: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(dir, "log.jsonl"), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sandbox: open the log: %w", err)
	}
	st.log = log
	st.size, err = replay(log, apply)
	if err == nil {
		err = log.Truncate(st.size)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox: read the log: %w", err), log.Close())
	}
	return st, nil
}

// replay reads the log and says where its last whole line ends.
func replay(log io.Reader, apply func(change)) (whole int64, err error) {
	r := bufio.NewReaderSize(log, 1<<20)
	for number := 1; ; number++ {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return whole, nil
		}
		if err != nil {
			return whole, err
		}
		var c change
		if err := json.Unmarshal(line, &c); err != nil {
			return whole, fmt.Errorf("line %d: %w", number, err)
		}
		apply(c)
		whole += int64(len(line))
	}
}

// append puts the change on the disk.
func (st *store) append(c change) error {
	if st.log == nil {
		return nil
	}
	line, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("sandbox: write the log: %w", err)
	}
	line = append(line, '\n')
	if _, err = st.log.Write(line); err == nil {
		err = st.log.Sync()
	}
	if err != nil { // half a line must not stand before the next one
		return fmt.Errorf("sandbox: write the log: %w", errors.Join(err, st.log.Truncate(st.size)))
	}
	st.size += int64(len(line))
	return nil
}

// keep stores a content and returns its digest.
func (st *store) keep(content []byte) (string, error) {
	sum := sha256.Sum256(content)
	digest := hex.EncodeToString(sum[:])
	if st.log == nil {
		st.files[digest] = content
		return digest, nil
	}
	path := filepath.Join(st.dir, "files", digest)
	if _, err := os.Stat(path); err == nil {
		return digest, nil
	}
	if err := writeFile(path, content); err != nil {
		return "", fmt.Errorf("sandbox: keep a file: %w", err)
	}
	return digest, nil
}

// writeFile writes beside and renames, so that no half file has the name.
func writeFile(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return os.Rename(file.Name(), path)
}

// content is what keep stored.
func (st *store) content(digest string) ([]byte, error) {
	if st.log == nil {
		content, known := st.files[digest]
		if !known {
			return nil, fs.ErrNotExist
		}
		return content, nil
	}
	return os.ReadFile(filepath.Join(st.dir, "files", filepath.Base(digest)))
}

func (st *store) close() error {
	if st.log == nil {
		return nil
	}
	return st.log.Close()
}
