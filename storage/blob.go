package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"time"
)

// Blob keeps bytes under keys: a folder, or a bucket of an S3 server. It knows
// neither what the bytes are nor whose.
//
// A key is path-like, of lower-case letters, digits, "-", "_", "." and "/";
// every other one is ErrBlobKey, so that none leaves the place that was given.
// Calls are safe from many goroutines and from many nodes.
type Blob interface {
	// Put reads r to its end and keeps what it read, durably, in the place of
	// what was there. When it fails, because r did or ctx ended, what was there
	// stays: nobody ever opens half of something.
	Put(ctx context.Context, key string, r io.Reader) (size int64, err error)
	// Open returns the bytes from their beginning; Seek goes elsewhere without
	// reading what lies between. ErrNotFound when there is no such key. ctx
	// must last as long as the reading, which sees one state or fails.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, error)
	// Delete forgets the key. That there is none is no error.
	Delete(ctx context.Context, key string) error
	// Each calls fn for every key, in no order to rely on, with the size in bytes
	// and the time of its Put. What is put or deleted meanwhile may be missed.
	// An error of fn ends it and is returned.
	Each(ctx context.Context, fn func(key string, size int64, modified time.Time) error) error
	// Tidy removes what Puts that were cut short before the time left behind,
	// which no key shows.
	Tidy(ctx context.Context, before time.Time) error
}

// ErrBlobKey: the key is not one that both bodies can keep.
var ErrBlobKey = errors.New("storage: bad key of a blob")

const maxBlobKey = 512 // bytes; S3 takes 1024, a folder 255 for each part

// blobKey: every part begins with a letter or digit, so that neither "..", nor
// hidden files, nor absolute paths are keys.
var blobKey = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,199}(/[a-z0-9][a-z0-9._-]{0,199})*$`)

func checkBlobKey(key string) error {
	if len(key) > maxBlobKey || !blobKey.MatchString(key) {
		return fmt.Errorf("%w: %.64q", ErrBlobKey, key)
	}
	return nil
}

// OpenBlob opens the store at address:
//
//	file:///var/lib/propusk/files                     (made when missing, mode 0700)
//	s3://ACCESS:SECRET@bucket/prefix?endpoint=https://s3.example.ru&region=ru-1
//
// Without ACCESS:SECRET the keys come from AWS_ACCESS_KEY_ID and
// AWS_SECRET_ACCESS_KEY. The bucket must be there; it is not asked for yet, so
// that a node starts while the files are away. Errors never repeat the address.
func OpenBlob(address string) (Blob, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("storage: the address of the files is none")
	}
	switch {
	case u.Scheme == "file" && u.Host == "" && len(u.Path) > 1:
		return openFolder(u.Path)
	case u.Scheme == "s3" && u.Host != "":
		return openS3(u)
	default:
		return nil, errors.New("storage: the address of the files must be file:///folder or s3://bucket")
	}
}

// heeding is a reader that ends with its context.
type heeding struct {
	ctx context.Context
	r   io.Reader
}

func (h heeding) Read(p []byte) (int, error) {
	if err := h.ctx.Err(); err != nil {
		return 0, err
	}
	return h.r.Read(p)
}
