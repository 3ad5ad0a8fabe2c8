package main

import (
	"io"
	"net"
	"net/http"
	"strconv"

	"propusk/storage/journal"
)

// inProcess carries a request to this node's own handler without a network: the
// cabinet reaches the issuer, and the web cabinet the API, by the same HTTP as
// everybody, but neither depends on what the issuer's name resolves to here.
//
// A request that is made while another is answered keeps that one's
// circumstances: the journal shows the person's address and not our own.
type inProcess struct{ house *house }

// RoundTrip answers as soon as the handler does; the body comes as it is written, so
// that a file of any size and a stream of events pass through.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	ours := r.Clone(r.Context())
	ours.RequestURI = r.URL.RequestURI()
	ours.Host = r.URL.Host
	ours.RemoteAddr = "127.0.0.1:0"
	if c := journal.From(r.Context()); c.IP != "" {
		ours.RemoteAddr = net.JoinHostPort(c.IP, "0")
		ours.Header.Set(requestIDHeader, c.RequestID)
		ours.Header.Set("User-Agent", c.UserAgent)
	}
	if ours.Body == nil {
		ours.Body = http.NoBody
	}
	answer := newPipedAnswer()
	go answer.serve(t.house.handler, ours)
	<-answer.begun
	return answer.response(r), nil
}

// pipedAnswer is an http.ResponseWriter whose body is read while it is written.
type pipedAnswer struct {
	header http.Header // the handler's
	sent   http.Header // as it was when the answer began
	status int
	body   *io.PipeReader
	into   *io.PipeWriter
	begun  chan struct{}
}

func newPipedAnswer() *pipedAnswer {
	p := &pipedAnswer{header: http.Header{}, begun: make(chan struct{})}
	p.body, p.into = io.Pipe()
	return p
}

// serve runs the handler to its end. A handler that panics has broken its answer
// off: the reader must not take half a body for a whole one.
func (p *pipedAnswer) serve(handler http.Handler, r *http.Request) {
	defer r.Body.Close()
	defer func() {
		if broken := recover(); broken != nil {
			p.into.CloseWithError(io.ErrUnexpectedEOF)
			if p.status == 0 {
				p.WriteHeader(http.StatusInternalServerError)
			}
			return
		}
		p.WriteHeader(http.StatusOK)
		p.into.Close()
	}()
	handler.ServeHTTP(p, r)
}

func (p *pipedAnswer) Header() http.Header { return p.header }

func (p *pipedAnswer) WriteHeader(status int) {
	if p.status == 0 && status >= 200 {
		p.status, p.sent = status, p.header.Clone()
		close(p.begun)
	}
}

func (p *pipedAnswer) Write(b []byte) (int, error) {
	p.WriteHeader(http.StatusOK)
	return p.into.Write(b)
}

// Flush sends the header; there is nothing else that waits.
func (p *pipedAnswer) Flush() { p.WriteHeader(http.StatusOK) }

func (p *pipedAnswer) response(r *http.Request) *http.Response {
	length := int64(-1)
	if known, err := strconv.ParseInt(p.sent.Get("Content-Length"), 10, 64); err == nil {
		length = known
	}
	return &http.Response{
		Status: strconv.Itoa(p.status) + " " + http.StatusText(p.status), StatusCode: p.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: p.sent, Body: p.body, ContentLength: length, Request: r,
	}
}
