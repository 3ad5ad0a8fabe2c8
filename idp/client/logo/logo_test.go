package logo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/outside"
	"propusk/storage/storagetest"
)

// world is Logos with a server of an application, which answers what a test says.
type world struct {
	*Logos
	t      *testing.T
	clock  *storagetest.Clock
	runner *jobs.Runner
	server *httptest.Server
	answer func(w http.ResponseWriter)
	asked  atomic.Int64
}

func newWorld(t *testing.T, db *storage.DB, o outside.Options) *world {
	t.Helper()
	w := &world{t: t, clock: storagetest.NewClock(), answer: func(http.ResponseWriter) {}}
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		w.asked.Add(1)
		w.answer(rw)
	}))
	t.Cleanup(w.server.Close)
	var err error
	if w.Logos, err = New(Deps{DB: db, Outside: outside.NewClient(o), Now: w.clock.Now}); err != nil {
		t.Fatal(err)
	}
	w.runner = jobs.New(jobs.Deps{DB: db, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	w.runner.Handle(Job, w.Fetch)
	_, err = db.Exec(t.Context(), `INSERT INTO oauth_clients (id, organisation_id, metadata, secret_hashes, created_at, updated_at) VALUES ('shop', '', '{}', '[]', 1, 1)`)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// near is a world whose application is on this very machine.
func near(t *testing.T) *world {
	return newWorld(t, storagetest.SQLite(t), outside.Options{Reach: outside.Loopback})
}

// of asks for the picture, has what is asked for done, and asks again.
func (w *world) of(uri string) string {
	w.t.Helper()
	if _, err := w.Of(w.t.Context(), "shop", uri); err != nil {
		w.t.Fatal(err)
	}
	if err := w.runner.Drain(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	digest, err := w.Of(w.t.Context(), "shop", uri)
	if err != nil {
		w.t.Fatal(err)
	}
	return digest
}

func (w *world) serves(file []byte) {
	w.answer = func(rw http.ResponseWriter) { _, _ = rw.Write(file) }
}

// square is a picture, red at the left and blue at the right.
func square(size int) image.Image {
	picture := image.NewRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			picture.Set(x, y, color.RGBA{R: 255, A: 255})
			if x >= size/2 {
				picture.Set(x, y, color.RGBA{B: 255, A: 255})
			}
		}
	}
	return picture
}

func encoded(t testing.TB, encode func(*bytes.Buffer) error) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := encode(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func pngOf(t testing.TB, size int) []byte {
	return encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, square(size)) })
}

func TestAPictureIsFetchedByUsAndDrawnAnew(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db, outside.Options{Reach: outside.Loopback})
		w.serves(append(pngOf(t, 300), "<script>alert(1)</script>"...))
		digest := w.of(w.server.URL + "/logo.png")
		picture, err := w.Picture(t.Context(), digest)
		if err != nil || len(digest) != 64 || bytes.Contains(picture, []byte("script")) {
			t.Fatalf("%q: %v, %d bytes", digest, err, len(picture))
		}
		drawn, err := png.Decode(bytes.NewReader(picture))
		if err != nil || drawn.Bounds() != image.Rect(0, 0, side, side) || drawn.At(1, 1) != (color.RGBA{R: 255, A: 255}) || drawn.At(side-2, 64) != (color.RGBA{B: 255, A: 255}) {
			t.Errorf("%v: %v %v %v", err, drawn.Bounds(), drawn.At(1, 1), drawn.At(side-2, 64))
		}
		if again := w.of(w.server.URL + "/logo.png"); again != digest || w.asked.Load() != 1 {
			t.Errorf("asked %d times", w.asked.Load())
		}
		if other, err := w.Of(t.Context(), "shop", w.server.URL+"/other.png"); err != nil || other != "" {
			t.Errorf("the picture of another address: %q, %v", other, err)
		}
		if _, err := db.Exec(t.Context(), `DELETE FROM oauth_clients WHERE id = 'shop'`); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Picture(t.Context(), digest); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("the picture outlives its client: %v", err)
		}
	})
}

func TestWhatComesIsJudgedByItsContent(t *testing.T) {
	t.Parallel()
	jpg := encoded(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, square(64), nil) })
	moving := encoded(t, func(b *bytes.Buffer) error { return gif.Encode(b, square(64), nil) })
	broad := encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, image.NewGray(image.Rect(0, 0, 400, 100))) })
	for name, file := range map[string][]byte{"PNG": pngOf(t, 16), "JPEG": jpg, "GIF": moving, "broad": broad} {
		picture, err := redrawn(file)
		if err != nil || !bytes.HasPrefix(picture, []byte("\x89PNG")) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if picture, _ := redrawn(broad); true {
		if config, err := png.DecodeConfig(bytes.NewReader(picture)); err != nil || config.Width != 128 || config.Height != 32 {
			t.Errorf("broad: %+v, %v", config, err)
		}
	}
	whole := pngOf(t, 64)
	for name, file := range map[string][]byte{
		"nothing": nil, "a page": []byte("<!doctype html><script>alert(1)</script>"),
		"SVG":               []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`),
		"a program":         []byte("MZ\x90\x00"),
		"half a picture":    whole[:len(whole)/2],
		"too small":         pngOf(t, 15),
		"too many bytes":    append(bytes.Clone(whole), make([]byte, maxFile)...),
		"too many pixels":   claiming(t, 50_000, 50_000),
		"one side too many": claiming(t, 64, maxSide+1),
	} {
		if _, err := redrawn(file); !errors.Is(err, ErrPicture) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// claiming is a PNG whose header says a size, whatever is in it.
func claiming(t *testing.T, width, height uint32) []byte {
	t.Helper()
	file := pngOf(t, 16)
	binary.BigEndian.PutUint32(file[16:], width)
	binary.BigEndian.PutUint32(file[20:], height)
	binary.BigEndian.PutUint32(file[29:], crc32.ChecksumIEEE(file[12:29]))
	return file
}

// RFC 7591 §5: the attack that has this server ask what lies inside, by a number, by a
// name or by a redirect.
func TestALogoLeadsNowhereInside(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t), outside.Options{})
	w.serves(pngOf(t, 64))
	for _, uri := range []string{w.server.URL, strings.Replace(w.server.URL, "127.0.0.1", "localhost", 1), "http://169.254.169.254/latest/meta-data/", "http://[::1]:1/"} {
		if digest := w.of(uri); digest != "" {
			t.Errorf("%s: %s", uri, digest)
		}
	}
	if w.asked.Load() != 0 {
		t.Errorf("asked %d times", w.asked.Load())
	}
	open := near(t)
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	t.Cleanup(target.Close)
	open.answer = func(rw http.ResponseWriter) {
		rw.Header().Set("Location", target.URL)
		rw.WriteHeader(http.StatusFound)
	}
	if digest := open.of(open.server.URL); digest != "" {
		t.Errorf("a redirect: %s", digest)
	}
}

func TestAPictureIsLookedForAgain(t *testing.T) {
	t.Parallel()
	w := near(t)
	uri := w.server.URL + "/a"
	w.serves([]byte("no picture"))
	if digest := w.of(uri); digest != "" {
		t.Fatal(digest)
	}
	w.serves(pngOf(t, 32))
	if digest := w.of(uri); digest != "" || w.asked.Load() != 1 {
		t.Errorf("asked %d times within the hour", w.asked.Load())
	}
	w.clock.Advance(hopeless)
	first := w.of(uri)
	if first == "" || w.asked.Load() != 2 {
		t.Fatalf("an hour later: %q, asked %d times", first, w.asked.Load())
	}
	w.clock.Advance(fresh)
	w.answer = func(rw http.ResponseWriter) { rw.WriteHeader(http.StatusBadGateway) }
	if digest := w.of(uri); digest != first || w.asked.Load() != 3 {
		t.Errorf("its server is down: %q", digest)
	}
	w.clock.Advance(fresh)
	w.serves(pngOf(t, 48))
	second := w.of(uri)
	if second == first || second == "" {
		t.Errorf("another picture: %q", second)
	}
	w.clock.Advance(fresh)
	w.answer = func(rw http.ResponseWriter) { rw.WriteHeader(http.StatusGone) }
	if digest := w.of(uri); digest != "" {
		t.Errorf("it was taken away: %q", digest)
	}
	if _, err := w.Picture(t.Context(), second); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("what was taken away is still there: %v", err)
	}
}

func TestAClientThatIsGoneGetsNoPicture(t *testing.T) {
	t.Parallel()
	w := near(t)
	w.serves(pngOf(t, 32))
	if err := w.Want(t.Context(), "shop", w.server.URL); err != nil {
		t.Fatal(err)
	}
	if _, err := w.deps.DB.Exec(t.Context(), `DELETE FROM oauth_clients`); err != nil {
		t.Fatal(err)
	}
	if err := w.runner.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if known, err := w.known(t.Context(), "shop"); err != nil || known.URI != "" || w.asked.Load() != 1 {
		t.Errorf("%+v, %v", known, err)
	}
	if err := w.Want(t.Context(), "shop", ""); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"", "x", strings.Repeat("g", 64), strings.Repeat("0", 64), strings.Repeat("0", 66)} {
		if _, err := w.Picture(t.Context(), name); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := New(Deps{}); err == nil {
		t.Error("made of nothing")
	}
}

// FuzzRedrawn: whatever comes, what is served is a small PNG of ours, or nothing.
func FuzzRedrawn(f *testing.F) {
	f.Add(pngOf(f, 32))
	f.Add(encoded(f, func(b *bytes.Buffer) error { return jpeg.Encode(b, square(32), nil) }))
	f.Add(encoded(f, func(b *bytes.Buffer) error { return gif.Encode(b, square(32), nil) }))
	f.Add([]byte("<svg/>"))
	f.Fuzz(func(t *testing.T, file []byte) {
		picture, err := redrawn(file)
		if err != nil {
			if !errors.Is(err, ErrPicture) {
				t.Error(err)
			}
			return
		}
		config, err := png.DecodeConfig(bytes.NewReader(picture))
		if err != nil || config.Width > side || config.Height > side {
			t.Errorf("%+v, %v", config, err)
		}
	})
}

// Whoever has put another picture at the address need not wait a week; but an address is
// asked no more than once a minute for him, however often he asks.
func TestAPictureIsFetchedAgainOnDemandOnceAMinute(t *testing.T) {
	t.Parallel()
	w := near(t)
	w.serves(pngOf(t, 64))
	uri := w.server.URL + "/logo.png"
	if state, err := w.Look(t.Context(), "shop", uri); err != nil || state != (State{}) {
		t.Errorf("before: %+v, %v", state, err)
	}
	first := w.of(uri)
	w.serves(pngOf(t, 32))
	again := func() bool {
		t.Helper()
		will, err := w.Again(t.Context(), "shop", uri)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.runner.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		return will
	}
	if again() || w.asked.Load() != 1 {
		t.Errorf("asked %d times within a minute", w.asked.Load())
	}
	w.clock.Advance(rest)
	if !again() || w.of(uri) == first || w.asked.Load() != 2 {
		t.Errorf("asked %d times after it", w.asked.Load())
	}
	state, err := w.Look(t.Context(), "shop", uri)
	if err != nil || state.FetchedAt != storage.Of(w.clock.Now()) || len(state.Digest) != 64 {
		t.Errorf("after: %+v, %v", state, err)
	}
}
