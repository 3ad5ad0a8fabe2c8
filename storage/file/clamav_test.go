package file_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"propusk/storage/file"
	"propusk/storage/file/filetest"
	"propusk/storage/storagetest"
)

// marker is what our clamd takes for a virus.
const marker = "X5O-propusk-virus"

// clamd is as much of the daemon as INSTREAM needs. answer, when set, is given
// before anything is read.
type clamd struct {
	listener net.Listener
	answer   string
	most     int // bytes of a stream

	mutex sync.Mutex
	seen  [][]byte
}

func newClamd(t *testing.T, network string, changes ...func(*clamd)) *clamd {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "clamd.ctl")
	}
	listener, err := net.Listen(network, address)
	must(t, err)
	c := &clamd{listener: listener, most: 25 << 20}
	for _, change := range changes {
		change(c)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go c.serve(conn)
		}
	}()
	return c
}

func (c *clamd) address() string {
	return c.listener.Addr().Network() + "://" + c.listener.Addr().String()
}

// first is the first stream that came.
func (c *clamd) first() []byte {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.seen[0]
}

func (c *clamd) serve(conn net.Conn) {
	defer conn.Close()
	if c.answer != "" {
		io.WriteString(conn, c.answer)
		return
	}
	command := make([]byte, len("zINSTREAM\x00"))
	if _, err := io.ReadFull(conn, command); err != nil || string(command) != "zINSTREAM\x00" {
		io.WriteString(conn, "UNKNOWN COMMAND\x00")
		return
	}
	var stream []byte
	for {
		var size [4]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		n := binary.BigEndian.Uint32(size[:])
		if n == 0 {
			break
		}
		if len(stream)+int(n) > c.most {
			io.WriteString(conn, "INSTREAM size limit exceeded. ERROR\x00")
			return
		}
		chunk := make([]byte, n)
		if _, err := io.ReadFull(conn, chunk); err != nil {
			return
		}
		stream = append(stream, chunk...)
	}
	c.mutex.Lock()
	c.seen = append(c.seen, stream)
	c.mutex.Unlock()
	if bytes.Contains(stream, []byte(marker)) {
		io.WriteString(conn, "stream: Propusk.Test-1 FOUND\x00")
		return
	}
	io.WriteString(conn, "stream: OK\x00")
}

func scanner(t *testing.T, address string) *file.ClamAV {
	t.Helper()
	s, err := file.NewClamAV(address, 5*time.Second)
	must(t, err)
	return s
}

func TestClamAVReadsEveryByteOverBothSockets(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp", "unix"} {
		daemon := newClamd(t, network)
		s := scanner(t, daemon.address())
		content := bytes.Repeat([]byte("clean "), 100_000)
		virus, err := s.Scan(t.Context(), iotest.HalfReader(bytes.NewReader(content)))
		if must(t, err); virus != "" || !bytes.Equal(daemon.first(), content) {
			t.Errorf("%s: %q, %d bytes arrived", network, virus, len(daemon.first()))
		}
		virus, err = s.Scan(t.Context(), strings.NewReader("x"+marker))
		if must(t, err); virus != "Propusk.Test-1" {
			t.Errorf("%s: %q", network, virus)
		}
	}
}

// Nothing but a plain OK is leave.
func TestClamAVAnswersThatAreNoLeave(t *testing.T) {
	t.Parallel()
	for answer, virus := range map[string]string{
		"stream: OK\x00": "", "stream: Win.Test.EICAR_HDB-1 FOUND\x00": "Win.Test.EICAR_HDB-1", "stream:  FOUND\x00": "unnamed",
		"stream: OK FOUND\n": "OK", "INSTREAM size limit exceeded. ERROR\x00": "!", "UNKNOWN COMMAND\x00": "!", "OK": "!", "stream: ok": "!",
		"stream: Something ERROR\x00": "!", "\x00": "!",
	} {
		daemon := newClamd(t, "tcp", func(c *clamd) { c.answer = answer })
		got, err := scanner(t, daemon.address()).Scan(t.Context(), strings.NewReader("x"))
		if virus == "!" && err == nil || virus != "!" && (err != nil || got != virus) {
			t.Errorf("%q: %q, %v", answer, got, err)
		}
	}
}

func TestClamAVThatFails(t *testing.T) {
	t.Parallel()
	daemon := newClamd(t, "tcp")
	broken := errors.New("broken")
	if _, err := scanner(t, daemon.address()).Scan(t.Context(), io.MultiReader(strings.NewReader("x"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("a reader that fails: %v", err)
	}
	daemon = newClamd(t, "tcp", func(c *clamd) { c.most = 1 << 20 })
	if virus, err := scanner(t, daemon.address()).Scan(t.Context(), bytes.NewReader(make([]byte, 8<<20))); err == nil || virus != "" {
		t.Errorf("too much for it: %q, %v", virus, err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer silent.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if virus, err := scanner(t, "tcp://"+silent.Addr().String()).Scan(ctx, strings.NewReader("x")); err == nil {
		t.Errorf("a silent one says %q", virus)
	}
	for _, address := range []string{"", "clamd", "http://host", "tcp://", "tcp://host:1/path", "unix://host/path", "unix://", "%"} {
		if _, err := file.NewClamAV(address, 0); err == nil {
			t.Errorf("%q was taken", address)
		}
	}
}

func TestInfectedFileIsNotKept(t *testing.T) {
	t.Parallel()
	daemon := newClamd(t, "tcp")
	w := newWorld(t, storagetest.SQLite(t), func(d *file.Deps) { d.Scan = scanner(t, daemon.address()) })
	w.save(alpha, "clean.pdf", filetest.PDF("clean"))
	_, err := w.Save(t.Context(), alpha, "evil.pdf", file.PDF, 1<<20, bytes.NewReader(filetest.PDF(marker)))
	infected, ok := errors.AsType[*file.InfectedError](err)
	if !ok || infected.Virus != "Propusk.Test-1" {
		t.Fatalf("%v", err)
	}
	if len(w.records()) != 1 || len(w.blobs()) != 1 || w.metric("propusk_files_refused_total") != 1 {
		t.Errorf("%d records, %d files", len(w.records()), len(w.blobs()))
	}
	if !bytes.Contains(w.log.Bytes(), []byte("Propusk.Test-1")) {
		t.Errorf("the log says %q", w.log)
	}
}

// TestScannerThatIsAwayRefusesUnlessToldOtherwise: the default is the safe one.
func TestScannerThatIsAwayRefusesUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	daemon := newClamd(t, "tcp")
	daemon.listener.Close()
	for _, unscanned := range []bool{false, true} {
		w := newWorld(t, storagetest.SQLite(t), func(d *file.Deps) { d.Scan, d.Unscanned = scanner(t, daemon.address()), unscanned })
		_, err := w.Save(t.Context(), alpha, "a.pdf", file.PDF, 1<<20, bytes.NewReader(filetest.PDF("x")))
		if errors.Is(err, file.ErrUnscanned) == unscanned || (err == nil) != unscanned || len(w.records()) != map[bool]int{true: 1}[unscanned] {
			t.Errorf("unscanned %t: %v, %d records", unscanned, err, len(w.records()))
		}
		if w.metric("propusk_files_unscanned_total") != 1 || !strings.Contains(w.log.String(), "does not answer") {
			t.Errorf("unscanned %t: nobody was told: %s", unscanned, w.log)
		}
	}
	w := newWorld(t, storagetest.SQLite(t), func(d *file.Deps) { d.Scan = scanner(t, daemon.address()) })
	if _, err := w.Save(t.Context(), alpha, "a", file.Part, 1<<20, strings.NewReader("a piece")); err != nil {
		t.Errorf("a piece is scanned when it is whole: %v", err)
	}
}
