package client_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"propusk/cabinet/cabinettest"
	"propusk/idp/directory"
)

// pictures is an application's server: it answers what is put there, and counts.
type pictures struct {
	*httptest.Server
	asked atomic.Int64
	file  atomic.Pointer[[]byte]
}

func (p *pictures) puts(file []byte) { p.file.Store(&file) }

func newPictures(t *testing.T) *pictures {
	p := &pictures{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.asked.Add(1)
		_, _ = w.Write(*p.file.Load())
	}))
	t.Cleanup(p.Close)
	return p
}

func pngFile(t *testing.T, side int) []byte {
	t.Helper()
	var file bytes.Buffer
	cabinettest.Must(t, png.Encode(&file, image.NewGray(image.Rect(0, 0, side, side))))
	return file.Bytes()
}

// What people will be shown is what its owner sees: kept by this server, and fetched anew
// when he says that it is another picture now.
func TestTheOwnerSeesThePictureThatPeopleAreShown(t *testing.T) {
	h := open(t)
	o := h.Office("Alpha", directory.Administrator, directory.Observer)
	server := newPictures(t)
	server.puts([]byte("<svg onload=alert(1)>"))
	made := h.made(o, map[string]any{"logo_uri": server.URL + "/logo.png"})
	again := path + "/" + made.ID + "/logo"
	sees := func(state, url string) {
		t.Helper()
		seen := h.read(o, made.ID).Logo
		if seen == nil || seen.State != state || !strings.HasPrefix(seen.URL, url) || (url == "") != (seen.URL == "") || (seen.FetchedAt == nil) != (state == "waiting" || state == "none") {
			t.Errorf("want %s: %+v", state, seen)
		}
	}
	sees("waiting", "")
	h.Work()
	sees("unavailable", "") // no script is ever a picture

	server.puts(pngFile(t, 64))
	h.Expect(h.Do("POST", again, h.admin(o), `{}`), 202, "")
	h.Work()
	if sees("unavailable", ""); server.asked.Load() != 1 {
		t.Errorf("asked %d times: an address is left alone for a minute", server.asked.Load())
	}
	h.Clock.Advance(time.Minute)
	for range 3 {
		h.Expect(h.Do("POST", again, h.admin(o), `{}`), 202, "")
	}
	h.Work()
	if sees("kept", cabinettest.Issuer+"/oauth2/logo/"); server.asked.Load() != 2 {
		t.Errorf("asked %d times", server.asked.Load())
	}
	h.Expect(h.Do("POST", again, h.Token(o, directory.Observer), `{}`), 403, "permission_missing")
	h.Expect(h.Do("POST", again, h.admin(o), `{"logo_uri":"http://127.0.0.1/"}`), 422, "validation_failed")

	h.Expect(h.Do("PATCH", path+"/"+made.ID, h.admin(o), map[string]any{"logo_uri": nil}), 200, "")
	sees("none", "")
	h.Expect(h.Do("POST", again, h.admin(o), `{}`), 409, "client_without_logo")
	var list struct{ Clients []app }
	h.Expect(h.Do("GET", path, h.admin(o), nil), 200, "").Into(t, &list)
	if len(list.Clients) != 1 || list.Clients[0].Logo != nil {
		t.Errorf("a list: %+v", list.Clients)
	}
}
