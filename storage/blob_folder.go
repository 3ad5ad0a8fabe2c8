package storage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

// incoming is the folder of files that are still being written. No key begins
// with a dot.
const incoming = ".incoming"

// folder keeps blobs as files of one directory. It works through os.Root, so
// that not even a link inside leads out of it.
type folder struct{ root *os.Root }

func openFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("storage: make the folder of files: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("storage: open the folder of files: %w", err)
	}
	if err := root.MkdirAll(incoming, 0o700); err != nil {
		return nil, errors.Join(fmt.Errorf("storage: write into the folder of files: %w", err), root.Close())
	}
	return &folder{root}, nil
}

// Put writes beside and renames into place, with the waits for the disk that
// make both survive a power cut (rename(2) alone orders nothing).
func (f *folder) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if err := checkBlobKey(key); err != nil {
		return 0, err
	}
	temporary := path.Join(incoming, rand.Text())
	size, err := f.write(temporary, heeding{ctx, r})
	if err == nil {
		err = f.place(temporary, key)
	}
	if err != nil {
		_ = f.root.Remove(temporary) // what stays is tidied away
		return 0, fmt.Errorf("storage: put a blob: %w", err)
	}
	return size, nil
}

func (f *folder) write(name string, r io.Reader) (int64, error) {
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	size, err := io.Copy(file, r)
	if err == nil {
		err = file.Sync()
	}
	return size, errors.Join(err, file.Close())
}

// place moves the file to its key and makes the move durable. A parent that is
// missing is made, and then its own parents must reach the disk too.
func (f *folder) place(temporary, key string) error {
	parent := path.Dir(key)
	err := f.root.Rename(temporary, key)
	if !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, f.sync(parent))
	}
	if err := f.root.MkdirAll(parent, 0o700); err != nil {
		return err
	}
	if err := f.root.Rename(temporary, key); err != nil {
		return err
	}
	for {
		if err := f.sync(parent); err != nil || parent == "." {
			return err
		}
		parent = path.Dir(parent)
	}
}

func (f *folder) sync(dir string) error {
	d, err := f.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (f *folder) Open(ctx context.Context, key string) (io.ReadSeekCloser, error) {
	if err := errors.Join(checkBlobKey(key), ctx.Err()); err != nil {
		return nil, err
	}
	file, err := f.root.Open(key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("storage: open a blob: %w", ErrNotFound)
	case err != nil:
		return nil, fmt.Errorf("storage: open a blob: %w", err)
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() { // a folder on the way to other keys
		return nil, errors.Join(fmt.Errorf("storage: open a blob: %w", ErrNotFound), err, file.Close())
	}
	return file, nil
}

func (f *folder) Delete(ctx context.Context, key string) error {
	if err := errors.Join(checkBlobKey(key), ctx.Err()); err != nil {
		return err
	}
	info, err := f.root.Lstat(key)
	if err == nil && !info.Mode().IsDir() {
		err = f.root.Remove(key)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("storage: delete a blob: %w", err)
	}
	return nil
}

func (f *folder) Each(ctx context.Context, fn func(key string, size int64, modified time.Time) error) error {
	return fs.WalkDir(f.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, fs.ErrNotExist): // removed meanwhile
			return nil
		case err != nil:
			return fmt.Errorf("storage: list the blobs: %w", err)
		case entry.IsDir() && name != "." && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case !entry.Type().IsRegular() || checkBlobKey(name) != nil:
			return nil
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("storage: list the blobs: %w", err)
		}
		return fn(name, info.Size(), info.ModTime())
	})
}

func (f *folder) Tidy(ctx context.Context, before time.Time) error {
	entries, err := fs.ReadDir(f.root.FS(), incoming)
	if err != nil {
		return fmt.Errorf("storage: tidy the folder of files: %w", err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !info.ModTime().Before(before) {
			continue // it has been put into place meanwhile, or is being written
		}
		err = f.root.Remove(path.Join(incoming, entry.Name()))
		if err := errors.Join(err, ctx.Err()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("storage: tidy the folder of files: %w", err)
		}
	}
	return nil
}
