package main

import (
	"bytes"
	"io"
	"net"
	"net/http"

	"propusk/storage/journal"
)

// inProcess carries a request to this node's own handler without a network: the
// cabinet reaches the issuer, and the web cabinet the API, by the same HTTP as
// everybody, but neither depends on what the issuer's name resolves to here.
//
// A request that is made while another is answered keeps that one's
// circumstances: the journal shows the person's address and not our own.
type inProcess struct{ house *house }

// RoundTrip answers with the whole body read, as loopback would.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	defer closeBody(r)
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
	answer := &memoryAnswer{header: http.Header{}}
	t.house.handler.ServeHTTP(answer, ours)
	return answer.response(r), nil
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		r.Body.Close()
	}
}

// memoryAnswer is an http.ResponseWriter that keeps the answer.
type memoryAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (m *memoryAnswer) Header() http.Header { return m.header }

func (m *memoryAnswer) WriteHeader(status int) {
	if m.status == 0 && status >= 200 {
		m.status = status
	}
}

func (m *memoryAnswer) Write(p []byte) (int, error) {
	m.WriteHeader(http.StatusOK)
	return m.body.Write(p)
}

func (m *memoryAnswer) response(r *http.Request) *http.Response {
	m.WriteHeader(http.StatusOK)
	return &http.Response{
		Status: http.StatusText(m.status), StatusCode: m.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: m.header, Body: io.NopCloser(&m.body), ContentLength: int64(m.body.Len()), Request: r,
	}
}
