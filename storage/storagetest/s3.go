package storagetest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/storage"
)

// S3 is as much of an S3 server as storage's client uses: objects, ranges, lists
// in short pages, uploads in parts. It refuses requests that are not signed
// (Signature Version 4), and does not recompute the signatures.
type S3 struct {
	*httptest.Server

	mutex   sync.Mutex
	down    func(r *http.Request) bool
	objects map[string]s3Object
	uploads map[string]*s3Upload
}

type s3Object struct {
	content  []byte
	modified time.Time
}

type s3Upload struct {
	key       string
	parts     map[int][]byte
	initiated time.Time
}

// The account, the bucket and how many keys a page of a list has.
const (
	s3Access = "AKPROPUSKTEST"
	s3Secret = "not-a-secret-but-long-enough"
	s3Bucket = "files"
	s3Page   = 3
)

// NewS3 starts a server that ends with the test.
func NewS3(t testing.TB) *S3 {
	t.Helper()
	s := &S3{objects: map[string]s3Object{}, uploads: map[string]*s3Upload{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// Address is the server's bucket for storage.OpenBlob, under a prefix.
func (s *S3) Address() string {
	return fmt.Sprintf("s3://%s:%s@%s/propusk?region=ru-1&endpoint=%s", s3Access, s3Secret, s3Bucket, url.QueryEscape(s.URL))
}

// Blob opens the bucket.
func (s *S3) Blob(t testing.TB) storage.Blob {
	t.Helper()
	return OpenBlob(t, s.Address())
}

// Keys lists what the bucket holds, sorted.
func (s *S3) Keys() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.sorted("")
}

// Uploads counts the uploads in parts that were begun and are not complete.
func (s *S3) Uploads() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return len(s.uploads)
}

// Down makes the requests that fn chooses fail, as a server does that is being
// restarted; nil chooses none.
func (s *S3) Down(fn func(r *http.Request) bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.down = fn
}

func (s *S3) isDown(r *http.Request) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.down != nil && s.down(r)
}

// Put writes an object past the protocol.
func (s *S3) Put(key string, content []byte) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.objects[key] = s3Object{content, time.Now()}
}

func (s *S3) sorted(prefix string) []string {
	keys := []string{}
	for key := range s.objects {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// signed is the form of a Signature Version 4 header.
var signed = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=` + s3Access + `/\d{8}/ru-1/s3/aws4_request, ?SignedHeaders=[a-z0-9;-]*host[a-z0-9;-]*, ?Signature=[0-9a-f]{64}$`)

// ServeHTTP implements http.Handler.
func (s *S3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := s3Body(r)
	switch {
	case s.isDown(r):
		s3Fault(w, http.StatusInternalServerError, "InternalError")
		return
	case !signed.MatchString(r.Header.Get("Authorization")):
		s3Fault(w, http.StatusForbidden, "AccessDenied")
		return
	case err != nil:
		s3Fault(w, http.StatusBadRequest, "IncompleteBody")
		return
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if bucket != s3Bucket {
		s3Fault(w, http.StatusNotFound, "NoSuchBucket")
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if r.URL.Query().Has("uploadId") || r.URL.Query().Has("uploads") {
		s.upload(w, r, key, body)
		return
	}
	s.object(w, r, key, body)
}

func (s *S3) object(w http.ResponseWriter, r *http.Request, key string, body []byte) {
	object, there := s.objects[key]
	switch {
	case key == "" && r.Method == http.MethodGet:
		s.list(w, r.URL.Query())
	case r.Method == http.MethodPut:
		s.objects[key] = s3Object{body, time.Now()}
		w.Header().Set("ETag", etag(body))
	case r.Method == http.MethodDelete:
		delete(s.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case !there:
		s3Fault(w, http.StatusNotFound, "NoSuchKey")
	default:
		w.Header().Set("ETag", etag(object.content))
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", object.modified, bytes.NewReader(object.content))
	}
}

// list answers ListObjectsV2.
func (s *S3) list(w http.ResponseWriter, query url.Values) {
	type content struct {
		Key, ETag, LastModified string
		Size                    int
	}
	var page struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		Name, Prefix          string
		IsTruncated           bool
		NextContinuationToken string    `xml:",omitempty"`
		Contents              []content `xml:"Contents"`
	}
	page.Name, page.Prefix = s3Bucket, query.Get("prefix")
	for _, key := range s.sorted(page.Prefix) {
		if key <= query.Get("continuation-token") {
			continue
		}
		if len(page.Contents) == s3Page {
			page.IsTruncated, page.NextContinuationToken = true, page.Contents[s3Page-1].Key
			break
		}
		o := s.objects[key]
		page.Contents = append(page.Contents, content{key, etag(o.content), o.modified.UTC().Format(time.RFC3339Nano), len(o.content)})
	}
	s3XML(w, page)
}

// upload answers the requests of an upload in parts.
func (s *S3) upload(w http.ResponseWriter, r *http.Request, key string, body []byte) {
	id := r.URL.Query().Get("uploadId")
	upload := s.uploads[id]
	switch {
	case r.Method == http.MethodGet && id == "":
		s.listUploads(w, r.URL.Query().Get("prefix"))
	case r.Method == http.MethodPost && id == "":
		id = "upload-" + strconv.Itoa(len(s.uploads)) + hex.EncodeToString([]byte(key))
		s.uploads[id] = &s3Upload{key, map[int][]byte{}, time.Now()}
		s3XML(w, struct {
			XMLName               xml.Name `xml:"InitiateMultipartUploadResult"`
			Bucket, Key, UploadId string   // the protocol's spelling
		}{Bucket: s3Bucket, Key: key, UploadId: id})
	case upload == nil:
		s3Fault(w, http.StatusNotFound, "NoSuchUpload")
	case r.Method == http.MethodPut:
		number, _ := strconv.Atoi(r.URL.Query().Get("partNumber"))
		upload.parts[number] = body
		w.Header().Set("ETag", etag(body))
	case r.Method == http.MethodDelete:
		delete(s.uploads, id)
		w.WriteHeader(http.StatusNoContent)
	default:
		s.complete(w, id, upload)
	}
}

func (s *S3) complete(w http.ResponseWriter, id string, upload *s3Upload) {
	var whole []byte
	for n := 1; n <= len(upload.parts); n++ {
		whole = append(whole, upload.parts[n]...)
	}
	s.objects[upload.key] = s3Object{whole, time.Now()}
	delete(s.uploads, id)
	s3XML(w, struct {
		XMLName           xml.Name `xml:"CompleteMultipartUploadResult"`
		Bucket, Key, ETag string
	}{Bucket: s3Bucket, Key: upload.key, ETag: etag(whole)})
}

func (s *S3) listUploads(w http.ResponseWriter, prefix string) {
	type one struct{ Key, UploadId, Initiated string } // the protocol's spelling
	var page struct {
		XMLName     xml.Name `xml:"ListMultipartUploadsResult"`
		Bucket      string
		IsTruncated bool
		Upload      []one
	}
	page.Bucket = s3Bucket
	for id, u := range s.uploads {
		if strings.HasPrefix(u.key, prefix) {
			page.Upload = append(page.Upload, one{u.key, id, u.initiated.UTC().Format(time.RFC3339Nano)})
		}
	}
	s3XML(w, page)
}

func etag(content []byte) string {
	sum := md5.Sum(content)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func s3XML(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(v)
}

func s3Fault(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
	}{Code: code})
}

// s3Body reads a body, out of its signed chunks where it comes in such
// (STREAMING-AWS4-HMAC-SHA256-PAYLOAD).
func s3Body(r *http.Request) ([]byte, error) {
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return io.ReadAll(r.Body)
	}
	reader := bufio.NewReader(r.Body)
	var body []byte
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return nil, err
		}
		size, err := strconv.ParseInt(strings.TrimSpace(strings.SplitN(line, ";", 2)[0]), 16, 64)
		if err != nil {
			return nil, err
		}
		if size == 0 {
			_, err := io.Copy(io.Discard, reader)
			return body, err
		}
		chunk := make([]byte, size+2)
		if _, err := io.ReadFull(reader, chunk); err != nil {
			return nil, err
		}
		body = append(body, chunk[:size]...)
	}
}

// emptied removes everything of a store that outlives the test, before and after.
func emptied(t testing.TB, b storage.Blob) storage.Blob {
	empty := func() {
		err := b.Each(context.Background(), func(key string, _ int64, _ time.Time) error {
			return b.Delete(context.Background(), key)
		})
		if err != nil {
			t.Errorf("empty the bucket: %v", err)
		}
	}
	empty()
	t.Cleanup(empty)
	return b
}
