package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// s3Part is how much of a blob is held in memory while it is sent, in bytes. What
// is not larger goes in one request.
const s3Part = 8 << 20

// s3Attempts is how often a request is tried that the server was too busy for.
const s3Attempts = 4

// bucket keeps blobs as objects of an S3 server. Atomic replacement is the
// protocol's own: an object appears when its upload is complete.
type bucket struct {
	client       *minio.Client
	name, prefix string // prefix is empty or ends in "/"
}

// openS3 reads s3://ACCESS:SECRET@bucket/prefix?endpoint=…&region=…
func openS3(u *url.URL) (*bucket, error) {
	endpoint, err := s3Endpoint(u.Query().Get("endpoint"))
	if err != nil {
		return nil, err
	}
	prefix := strings.Trim(u.Path, "/")
	if prefix != "" {
		if err := checkBlobKey(prefix); err != nil {
			return nil, fmt.Errorf("storage: the folder inside the bucket: %w", err)
		}
		prefix += "/"
	}
	keys := credentials.NewEnvAWS()
	if secret, ok := u.User.Password(); ok {
		keys = credentials.NewStaticV4(u.User.Username(), secret, "")
	}
	client, err := minio.New(endpoint.Host, &minio.Options{
		Creds: keys, Secure: endpoint.Scheme == "https", Region: u.Query().Get("region"),
		BucketLookup: minio.BucketLookupAuto, MaxRetries: s3Attempts,
	})
	if err != nil {
		return nil, errors.New("storage: the address of the S3 server cannot be used")
	}
	return &bucket{client, u.Host, prefix}, nil
}

// s3Endpoint is scheme and host; without one it is Amazon's.
func s3Endpoint(text string) (*url.URL, error) {
	if text == "" {
		text = "https://s3.amazonaws.com"
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("storage: endpoint of the files must be https://host (http inside a closed network)")
	}
	return u, nil
}

// Put sends one request for what fits into s3Part, and parts of that size
// otherwise.
func (b *bucket) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if err := errors.Join(checkBlobKey(key), ctx.Err()); err != nil {
		return 0, err
	}
	r = heeding{ctx, r}
	var first bytes.Buffer
	n, err := io.CopyN(&first, r, s3Part)
	size := n
	switch {
	case err == nil:
		r, size = io.MultiReader(&first, r), -1
	case errors.Is(err, io.EOF):
		r = bytes.NewReader(first.Bytes())
	default:
		return 0, fmt.Errorf("storage: put a blob: %w", err)
	}
	info, err := b.client.PutObject(ctx, b.name, b.prefix+key, r, size, minio.PutObjectOptions{
		ContentType: "application/octet-stream", PartSize: s3Part,
	})
	if err != nil {
		return 0, fmt.Errorf("storage: put a blob: %w", err)
	}
	return info.Size, nil
}

func (b *bucket) Open(ctx context.Context, key string) (io.ReadSeekCloser, error) {
	if err := checkBlobKey(key); err != nil {
		return nil, err
	}
	r := &s3Reading{ctx: ctx, bucket: b, key: b.prefix + key}
	if err := r.ask(); err != nil {
		return nil, fmt.Errorf("storage: open a blob: %w", err)
	}
	return r, nil
}

// s3Reading reads one state of an object: one request for a reading to the end,
// and one more for each place that Seek goes to.
type s3Reading struct {
	ctx    context.Context
	bucket *bucket
	key    string
	etag   string // of the state
	size   int64
	at     int64
	body   io.ReadCloser // stands at at; nil: to be asked for
}

// ask requests the object from at on.
func (r *s3Reading) ask() error {
	var options minio.GetObjectOptions
	if r.at > 0 {
		if err := errors.Join(options.SetRange(r.at, 0), options.SetMatchETag(r.etag)); err != nil {
			return err
		}
	}
	core := minio.Core{Client: r.bucket.client}
	body, info, _, err := core.GetObject(r.ctx, r.bucket.name, r.key, options)
	if err != nil {
		return s3Meaning(err)
	}
	if r.body = body; r.etag == "" {
		r.etag, r.size = info.ETag, info.Size
	}
	return nil
}

func (r *s3Reading) Read(p []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	if r.body == nil {
		if err := r.ask(); err != nil {
			return 0, fmt.Errorf("storage: read a blob: %w", err)
		}
	}
	n, err := r.body.Read(p)
	r.at += int64(n)
	if errors.Is(err, io.EOF) && r.at < r.size {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (r *s3Reading) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("storage: seek before the beginning of a blob")
	}
	if offset == r.at {
		return offset, nil
	}
	r.at = offset
	return offset, r.Close()
}

func (r *s3Reading) Close() error {
	if r.body == nil {
		return nil
	}
	body := r.body
	r.body = nil
	return body.Close()
}

func (b *bucket) Delete(ctx context.Context, key string) error {
	if err := checkBlobKey(key); err != nil {
		return err
	}
	err := b.client.RemoveObject(ctx, b.name, b.prefix+key, minio.RemoveObjectOptions{})
	if err = s3Meaning(err); err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("storage: delete a blob: %w", err)
	}
	return nil
}

func (b *bucket) Each(ctx context.Context, fn func(key string, size int64, modified time.Time) error) error {
	for object := range b.client.ListObjectsIter(ctx, b.name, minio.ListObjectsOptions{Prefix: b.prefix, Recursive: true}) {
		if object.Err != nil {
			return fmt.Errorf("storage: list the blobs: %w", object.Err)
		}
		key := strings.TrimPrefix(object.Key, b.prefix)
		if checkBlobKey(key) != nil {
			continue // not ours
		}
		if err := fn(key, object.Size, object.LastModified); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Tidy aborts uploads in parts that were begun and not completed: their parts
// cost space and no list of objects shows them.
func (b *bucket) Tidy(ctx context.Context, before time.Time) error {
	for upload := range b.client.ListIncompleteUploads(ctx, b.name, b.prefix, true) {
		if upload.Err != nil {
			return fmt.Errorf("storage: tidy the bucket: %w", upload.Err)
		}
		if !upload.Initiated.Before(before) {
			continue
		}
		err := b.client.RemoveIncompleteUpload(ctx, b.name, upload.Key)
		if err = s3Meaning(err); err != nil && !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("storage: tidy the bucket: %w", err)
		}
	}
	return ctx.Err()
}

// s3Meaning tells what is not there from what went wrong.
func s3Meaning(err error) error {
	answer, ok := errors.AsType[minio.ErrorResponse](err)
	if !ok {
		return err
	}
	switch {
	case answer.Code == "NoSuchBucket":
		return err
	case answer.Code == "NoSuchKey" || answer.Code == "NoSuchUpload" || answer.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return err
}
