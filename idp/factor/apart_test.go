package factor

import (
	"bytes"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// asHasher is the argument that makes this program a process that Apart starts.
const asHasher = "-as-hasher"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == asHasher {
		if os.Getenv("HOME") != "" {
			os.Exit(3) // the environment, where keys may stand, is not passed on
		}
		if err := ServeHashes(os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestHashesApartAreTheSame(t *testing.T) {
	t.Parallel()
	a := NewApart(2, os.Args[0], asHasher)
	t.Cleanup(a.Close)
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			password, salt := bytes.Repeat([]byte{byte(i)}, i*7), bytes.Repeat([]byte{9, byte(i)}, 8)
			if got := a.derive(password, salt, cheap); !bytes.Equal(got, argon2id(password, salt, cheap)) {
				t.Errorf("password of %d bytes: another hash", len(password))
			}
		})
	}
	group.Wait()
	if waiting := len(a.idle); waiting < 1 || waiting > 2 {
		t.Errorf("%d processes are kept, want at most 2", waiting)
	}
}

func TestAHasherThatFailsIsReplacedAndNobodyRefused(t *testing.T) {
	t.Parallel()
	want := argon2id([]byte("password"), []byte("salt-of-16-bytes"), cheap)
	ask := func(a *Apart) []byte { return a.derive([]byte("password"), []byte("salt-of-16-bytes"), cheap) }
	gone := NewApart(1, "/nonexistent/propusk")
	if !bytes.Equal(ask(gone), want) {
		t.Error("no process can be started: no hash")
	}
	a := NewApart(1, os.Args[0], asHasher)
	t.Cleanup(a.Close)
	if !bytes.Equal(ask(a), want) {
		t.Fatal("another hash")
	}
	h := <-a.idle
	_ = h.process.Process.Kill()
	a.idle <- h
	if !bytes.Equal(ask(a), want) || len(a.idle) != 0 {
		t.Error("the killed process was not given up")
	}
	if !bytes.Equal(ask(a), want) || len(a.idle) != 1 {
		t.Error("no new process took its place")
	}
	a.Close()
	if !bytes.Equal(ask(a), want) || len(a.idle) != 0 {
		t.Error("a closed one keeps processes")
	}
}

func FuzzQuestion(f *testing.F) {
	f.Add(appendQuestion(nil, []byte("password"), []byte("salt"), cheap))
	f.Add([]byte{0, 0, 0, 1})
	f.Add(bytes.Repeat([]byte{255}, 20))
	f.Fuzz(func(t *testing.T, raw []byte) {
		password, salt, p, err := readQuestion(bytes.NewReader(raw))
		if err != nil {
			return
		}
		if again := appendQuestion(nil, password, salt, p); !bytes.HasPrefix(raw, again) {
			t.Errorf("%x is read as %x", raw, again)
		}
	})
}

// A process that takes the question and never answers is ended, and the hash computed
// here.
func TestAHasherThatHangsIsReplaced(t *testing.T) {
	t.Parallel()
	a := NewApart(1, "sleep", "600")
	a.patience = 100 * time.Millisecond
	t.Cleanup(a.Close)
	p := Params{Memory: 64, Time: 1, Threads: 1}
	h, err := a.take()
	if err != nil {
		t.Fatal(err)
	}
	a.put(h)
	if got := a.derive([]byte("password"), []byte("somesalt"), p); !bytes.Equal(got, argon2id([]byte("password"), []byte("somesalt"), p)) {
		t.Error("another hash")
	}
	if len(a.idle) != 0 {
		t.Error("the process that hangs waits for more work")
	}
	for end := time.Now().Add(time.Minute); h.process.Process.Signal(syscall.Signal(0)) == nil; { // it is waited for elsewhere
		if time.Now().After(end) {
			t.Fatal("it is still there")
		}
		runtime.Gosched()
	}
}
