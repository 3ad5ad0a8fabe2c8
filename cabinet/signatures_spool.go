package cabinet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"propusk/cabinet/api"
)

// A question is read before it gets a place among those that are judged: who sends it
// slowly then holds a file on the disk, and nobody up. spoolMemory of it, in bytes, is
// kept in memory; the rest waits in a file that has no name any more.
const (
	spoolMemory   = 256 << 10
	spoolPatience = 20 * time.Second // for one question to come in
)

// spooled is the body of a question that has come in.
type spooled struct {
	head *bytes.Reader
	file *os.File // nil: all of it is in head
}

// spool reads the body of a request, up to maxSignatureBody, and puts what it has read
// in its place.
func spool(c api.Call) (close func(), err error) {
	r := c.Request()
	_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Now().Add(spoolPatience)) // where the connection has one
	body := http.MaxBytesReader(c.Response(), r.Body, maxSignatureBody)
	s := &spooled{}
	if err := s.fill(body); err != nil {
		s.close()
		return nil, err
	}
	r.Body = io.NopCloser(s.reader())
	return s.close, nil
}

func (s *spooled) fill(body io.Reader) error {
	var head bytes.Buffer
	_, err := io.CopyN(&head, body, spoolMemory)
	s.head = bytes.NewReader(head.Bytes())
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return unreadable(err)
	}
	if s.file, err = os.CreateTemp("", "propusk-verify-*"); err != nil {
		return fmt.Errorf("cabinet: keep a question: %w", err)
	}
	_ = os.Remove(s.file.Name()) // its bytes live as long as it is open
	if _, err = io.Copy(s.file, body); err != nil {
		return unreadable(err)
	}
	if _, err = s.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("cabinet: keep a question: %w", err)
	}
	return nil
}

func (s *spooled) reader() io.Reader {
	if s.file == nil {
		return s.head
	}
	return io.MultiReader(s.head, s.file)
}

func (s *spooled) close() {
	if s.file != nil {
		_ = s.file.Close() // nobody reads it again
	}
}
