package notice_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage/revocation"
)

// sent is one server-sent event.
type sent struct {
	id, event string
	data      shown
}

// listener reads a stream as a browser does.
type listener struct {
	t        *testing.T
	response *http.Response
	events   chan sent
	ended    chan struct{}
	cancel   context.CancelFunc
}

func (h house) serve() *httptest.Server {
	server := httptest.NewServer(h.Server)
	h.t.Cleanup(server.Close)
	return server
}

func (h house) listen(server *httptest.Server, token string, headers ...string) *listener {
	t := h.t // whose clean-up comes before the server's
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/v1/notices/stream", nil)
	cabinettest.Must(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	cabinettest.Must(t, err)
	t.Cleanup(func() { response.Body.Close() })
	l := &listener{t: t, response: response, events: make(chan sent, 100), ended: make(chan struct{}), cancel: cancel}
	go l.read()
	return l
}

func (l *listener) read() {
	defer close(l.ended)
	var e sent
	for lines := bufio.NewScanner(l.response.Body); lines.Scan(); {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			e.id = value
		case "event":
			e.event = value
		case "data":
			_ = json.Unmarshal([]byte(value), &e.data)
		case "":
			if e.event != "" {
				l.events <- e
			}
			e = sent{}
		}
	}
}

func (l *listener) next() sent {
	l.t.Helper()
	select {
	case e := <-l.events:
		return e
	case <-l.ended:
		l.t.Fatal("the stream has ended")
	case <-time.After(time.Minute):
		l.t.Fatal("nothing came")
	}
	return sent{}
}

func (l *listener) waitEnd(why string) {
	l.t.Helper()
	select {
	case <-l.ended:
	case <-time.After(time.Minute):
		l.t.Fatal("the stream goes on: " + why)
	}
}

func TestNoticesComeAsTheyAreToldAndNothingIsMissed(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha")
		server, token := h.serve(), h.Token(o, directory.Administrator)
		h.tell(h.filing(o))
		l := h.listen(server, token)
		if l.response.StatusCode != 200 || l.response.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" || l.response.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %v", l.response.StatusCode, l.response.Header)
		}
		h.tell(h.filing(o))
		first := l.next()
		if first.event != "notice" || first.id != "2" || first.data.Subject != "Отчёт принят Alpha" || first.data.Number != 2 {
			t.Fatalf("%+v", first)
		}
		l.cancel()
		for range 3 {
			h.tell(h.filing(o))
		}
		back := h.listen(server, token, "Last-Event-ID", first.id, "Accept-Language", "en")
		for want := 3; want <= 5; want++ {
			if e := back.next(); e.id != strconv.Itoa(want) || e.data.Subject != "Return accepted Alpha" {
				t.Fatalf("%+v, want %d", e, want)
			}
		}
		if wrong := h.listen(server, token, "Last-Event-ID", "x"); wrong.response.StatusCode != 400 {
			t.Error(wrong.response.StatusCode)
		}
	})
}

func TestAStreamCarriesOneOrganisationOfOnePerson(t *testing.T) {
	each(t, func(h house) {
		a, b := h.Office("Alpha", directory.Observer), h.Office("Beta")
		server := h.serve()
		// The same person is in both.
		_, err := h.Directory.AddMember(context.Background(), directory.System(), directory.NewMember{OrganisationID: b.ID, PersonID: a.Admin.ID, Role: directory.Administrator})
		h.must(err)
		l, other := h.listen(server, h.Token(a, directory.Administrator)), h.listen(server, h.Token(a, directory.Observer))
		h.tell(h.filing(b))
		h.tell(h.filing(a, func(e *notice.Event) { e.Persons = []string{a.Admin.ID} }))
		h.tell(h.filing(a, func(e *notice.Event) {
			e.OrganisationID, e.Permission, e.Persons = "", "", []string{a.Admin.ID}
			e.Type, e.Category = "security.account_locked", notice.Security
		}))
		h.tell(h.filing(a, func(e *notice.Event) { e.Texts.RU.Subject = "всем" }))
		if e := l.next(); !strings.HasSuffix(e.data.Subject, "Alpha") {
			t.Errorf("%+v", e)
		}
		if e := l.next(); e.data.Subject != "всем" {
			t.Errorf("%+v", e)
		}
		if e := other.next(); e.data.Subject != "всем" {
			t.Errorf("another's notice: %+v", e)
		}
	})
}

func TestAStreamEndsWithItsToken(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha", directory.Accountant)
		h.notices.Rhythm(10*time.Millisecond, time.Minute)
		server := h.serve()
		member := o.Members[directory.Accountant]
		revoked := h.listen(server, h.Token(o, directory.Accountant))
		expiring := h.listen(server, h.Token(o, directory.Administrator))
		h.must(h.Directory.RemoveMember(context.Background(), directory.System(), o.ID, member.Member.ID, nil))
		revoked.waitEnd("the member was removed")
		h.Clock.Advance(10 * time.Minute)
		expiring.waitEnd("the token has expired")
		signed := h.Claims(o, o.Members[directory.Administrator])
		session := h.listen(server, cabinettest.Sign(t, signed))
		h.must(h.Revocations.Revoke(context.Background(), revocation.Entry{Kind: revocation.KindSession, Key: fmt.Sprint(signed["sid"])}))
		session.waitEnd("the person has signed out")
	})
}

// slow is a reader who takes a long time over each notice.
type slow struct {
	*httptest.ResponseRecorder
	taken func()
}

func (s slow) Write(text []byte) (int, error) {
	if strings.Contains(string(text), "event: notice") {
		s.taken()
	}
	return s.ResponseRecorder.Write(text)
}

func TestASlowReaderHearsNothingAfterItsTokensEnd(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha")
		h.notices.Rhythm(10*time.Millisecond, time.Minute)
		for range 3 {
			h.tell(h.filing(o))
		}
		r := httptest.NewRequest("GET", "/v1/notices/stream", nil)
		r.Header.Set("Authorization", "Bearer "+h.Token(o, directory.Administrator))
		r.Header.Set("Last-Event-ID", "0")
		w := slow{httptest.NewRecorder(), func() { h.Clock.Advance(10 * time.Minute) }}
		h.Server.ServeHTTP(w, r)
		if heard := strings.Count(w.Body.String(), "event: notice"); heard != 1 {
			t.Errorf("%d notices were sent, the token ended at the first:\n%s", heard, w.Body)
		}
	})
}

func TestALongSourceIsCut(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha")
		h.tell(h.filing(o, func(e *notice.Event) { e.Source = strings.Repeat("Инспекция ", 50) }))
		list, _ := h.list(h.Token(o, directory.Administrator), "")
		if len(list) != 1 || len(list[0].Source) > 300 || !strings.HasSuffix(list[0].Source, "…") {
			t.Errorf("%+v", list)
		}
	})
}

func TestStreamsAreBounded(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha", directory.Observer)
		server, token := h.serve(), h.Token(o, directory.Administrator)
		var open []*listener
		for range 5 {
			open = append(open, h.listen(server, token))
		}
		sixth := h.listen(server, token)
		if sixth.response.StatusCode != 429 || sixth.response.Header.Get("Retry-After") == "" {
			t.Errorf("the sixth: %d", sixth.response.StatusCode)
		}
		if other := h.listen(server, h.Token(o, directory.Observer)); other.response.StatusCode != 200 {
			t.Error("one person's streams take another's")
		}
		open[0].cancel()
		h.until("a place is free", func() bool { return h.notices.Streams() == 5 })
		again := h.listen(server, token)
		if again.response.StatusCode != 200 {
			t.Error("a stream that was left is still counted")
		}
		h.notices.EndStreams()
		again.waitEnd("the house stops")
		if late := h.listen(server, token); late.response.StatusCode != 503 {
			t.Errorf("while it stops: %d", late.response.StatusCode)
		}
		h.until("all have left", func() bool { return h.notices.Streams() == 0 })
	})
}

// A signal may be lost: the stream reads the table by itself.
func TestALostSignalDelaysANoticeAndNoMore(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha")
		h.notices.Rhythm(time.Minute, 20*time.Millisecond)
		l := h.listen(h.serve(), h.Token(o, directory.Administrator))
		h.tell(h.filing(o))
		if e := l.next(); e.id != "1" {
			t.Errorf("%+v", e)
		}
	}, func(d *notice.Deps) { d.Events = deaf{} })
}

// deaf is Events that lose everything.
type deaf struct{}

func (deaf) Publish(context.Context, string, []byte) error {
	return fmt.Errorf("the connection is away")
}

func (deaf) Subscribe(ctx context.Context, _ string) (<-chan []byte, error) {
	silent := make(chan []byte)
	context.AfterFunc(ctx, func() { close(silent) })
	return silent, nil
}

func (h house) until(what string, holds func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatalf("waited in vain: %s", what)
		}
	}
}
