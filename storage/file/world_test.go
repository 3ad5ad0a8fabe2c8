package file_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/file/filetest"
	"propusk/storage/journal"
	"propusk/storage/storagetest"
)

// world is a store of files over one database, with everything that it tells.
type world struct {
	*file.Store
	t       testing.TB
	db      *storage.DB
	clock   *storagetest.Clock
	blob    *shaky
	log     *bytes.Buffer
	metrics *prometheus.Registry
	deps    file.Deps
}

const alpha, beta = "organisation-alpha", "organisation-beta"

func newWorld(t testing.TB, db *storage.DB, changes ...func(*file.Deps)) *world {
	t.Helper()
	w := &world{t: t, db: db, clock: storagetest.NewClock(), log: &bytes.Buffer{}, metrics: prometheus.NewRegistry()}
	w.blob = &shaky{Blob: storagetest.Folder(t)}
	w.Store = filetest.Store(t, db, w.clock.Now, append([]func(*file.Deps){func(d *file.Deps) {
		d.Blob, d.Log, d.Metrics = w.blob, slog.New(slog.NewTextHandler(w.log, nil)), w.metrics
	}}, changes...)...)
	w.deps = w.Deps
	return w
}

// shaky is a blob store whose acts can be made to fail.
type shaky struct {
	storage.Blob
	put, delete error
}

func (s *shaky) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if s.put != nil {
		return 0, s.put
	}
	return s.Blob.Put(ctx, key, r)
}

func (s *shaky) Delete(ctx context.Context, key string) error {
	if s.delete != nil {
		return s.delete
	}
	return s.Blob.Delete(ctx, key)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t testing.TB, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("error %v, want %v", err, target)
	}
}

// save saves content as whatever it is.
func (w *world) save(organisation, name string, content []byte) file.File {
	w.t.Helper()
	f, err := w.Save(w.t.Context(), organisation, name, ^file.Part, 10<<20, bytes.NewReader(content))
	must(w.t, err)
	return f
}

// kept saves content for an owner.
func (w *world) kept(owner, name string, content []byte) file.File {
	w.t.Helper()
	return filetest.Saved(w.t, w.Store, alpha, owner, name, content)
}

func (w *world) read(organisation, id string) (string, error) {
	_, r, err := w.Open(w.t.Context(), organisation, id)
	if err != nil {
		return "", err
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	return string(content), err
}

// records and blobs are the ids in the two stores.
func (w *world) records() map[string]bool {
	w.t.Helper()
	var ids []string
	must(w.t, w.db.Select(w.t.Context(), &ids, `SELECT id FROM files`))
	return set(ids)
}

func (w *world) blobs() map[string]bool {
	w.t.Helper()
	var ids []string
	must(w.t, w.blob.Each(w.t.Context(), func(key string, _ int64, _ time.Time) error {
		if strings.HasPrefix(key, "files/") {
			ids = append(ids, key[strings.LastIndex(key, "/")+1:])
		}
		return nil
	}))
	return set(ids)
}

func set(ids []string) map[string]bool {
	m := map[string]bool{}
	for _, id := range ids {
		m[id] = true
	}
	return m
}

// actions are the journal's actions of an organisation, oldest first.
func (w *world) actions(organisation string) []string {
	w.t.Helper()
	entries, err := w.Journal.List(w.t.Context(), journal.Filter{Organisation: organisation})
	must(w.t, err)
	var actions []string
	for _, e := range entries {
		actions = append([]string{e.Action + " " + e.Details["found"]}, actions...)
	}
	return actions
}

// metric is the sum of a counter or gauge over its labels.
func (w *world) metric(name string) float64 {
	w.t.Helper()
	families, err := w.metrics.Gather()
	must(w.t, err)
	sum := 0.0
	for _, family := range families {
		if family.GetName() == name {
			for _, m := range family.GetMetric() {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

// key is where the bytes of a file are.
func key(id string) string { return "files/" + id[len(id)-2:] + "/" + id }
