package factor

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"
)

// Apart computes hashes in processes of their own, which run at the lowest
// priority (ServeHashes).
//
// Why: one hash keeps a processor busy for tens of milliseconds, and a thread that
// computes one is to the kernel as good as one that answers a request. Within one
// process there is no way to tell it otherwise. Apart, a flood of sign-ins takes
// what the rest leaves over, and tokens go on being issued as fast as before. It
// keeps the memory of hashing out of the server's heap as well.
//
// A process that fails, or does not answer within hashPatience, is replaced, and its
// hash computed here: nobody is refused because of it.
type Apart struct {
	command  []string
	idle     chan *hasher
	patience time.Duration // with one hash

	mu     sync.Mutex
	closed bool
}

// hashPatience is how long one hash may take apart. Where other programs keep every
// processor busy the lowest priority gets next to nothing, and a person would wait
// without end. What is then computed here is a hash for each place in such a time: a
// few hundredths of a processor, and a flood cannot take more.
const hashPatience = 2 * time.Second

// NewApart returns hashing in processes that command starts, of which at most
// keep wait for work. None is started yet.
func NewApart(keep int, command ...string) *Apart {
	return &Apart{command: command, idle: make(chan *hasher, max(keep, 1)), patience: hashPatience}
}

// derive is argon2id, elsewhere.
func (a *Apart) derive(password, salt []byte, p Params) []byte {
	h, err := a.take()
	if err != nil {
		return argon2id(password, salt, p)
	}
	hangs := time.AfterFunc(a.patience, h.kill) // its pipes break, and ask fails
	sum, err := h.ask(password, salt, p)
	if !hangs.Stop() && err == nil {
		err = errHangs // it answered as it was killed
	}
	if err != nil {
		h.end()
		return argon2id(password, salt, p)
	}
	a.put(h)
	return sum
}

func (a *Apart) take() (*hasher, error) {
	select {
	case h := <-a.idle:
		return h, nil
	default:
		return startHasher(a.command)
	}
}

func (a *Apart) put(h *hasher) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		select {
		case a.idle <- h:
			return
		default:
		}
	}
	h.end()
}

// Close ends the processes; those at work end when they are done.
func (a *Apart) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	for {
		select {
		case h := <-a.idle:
			h.end()
		default:
			return
		}
	}
}

// hasher is one process.
type hasher struct {
	process *exec.Cmd
	in      io.WriteCloser
	out     io.ReadCloser
}

// startHasher starts a process that is told nothing of our environment, where
// keys may stand.
func startHasher(command []string) (*hasher, error) {
	process := exec.Command(command[0], command[1:]...)
	process.Env = []string{"GOMAXPROCS=1"}
	in, err := process.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("factor: hashing apart: %w", err)
	}
	out, err := process.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("factor: hashing apart: %w", err)
	}
	if err := process.Start(); err != nil {
		return nil, fmt.Errorf("factor: hashing apart: %w", err)
	}
	return &hasher{process, in, out}, nil
}

// end lets the process see the end of its input and waits for it elsewhere.
func (h *hasher) end() {
	_ = h.in.Close()
	_ = h.out.Close()
	go func() { _ = h.process.Wait() }()
}

// kill ends the process at once, whatever it is doing.
func (h *hasher) kill() { _ = h.process.Process.Kill() }

var errHangs = errors.New("factor: the hashing process hangs")

func (h *hasher) ask(password, salt []byte, p Params) ([]byte, error) {
	if _, err := h.in.Write(appendQuestion(nil, password, salt, p)); err != nil {
		return nil, fmt.Errorf("factor: ask for a hash: %w", err)
	}
	sum := make([]byte, hashLength)
	if _, err := io.ReadFull(h.out, sum); err != nil {
		return nil, fmt.Errorf("factor: read a hash: %w", err)
	}
	return sum, nil
}

// The question to a hasher: memory, passes and lanes, then salt and password with
// their lengths, numbers in 32 bits, big endian. The answer is the hash alone.
func appendQuestion(to, password, salt []byte, p Params) []byte {
	for _, n := range []uint32{p.Memory, p.Time, uint32(p.Threads), uint32(len(salt)), uint32(len(password))} {
		to = binary.BigEndian.AppendUint32(to, n)
	}
	return append(append(to, salt...), password...)
}

// questionMost bounds salt and password of a question, in bytes.
const questionMost = 64 << 10

var errQuestion = errors.New("factor: not a question for a hash")

func readQuestion(r io.Reader) (password, salt []byte, p Params, err error) {
	var head [5]uint32
	if err := binary.Read(r, binary.BigEndian, &head); err != nil {
		return nil, nil, p, err
	}
	p = Params{Memory: head[0], Time: head[1], Threads: uint8(head[2])}
	if p.Memory > maxMemory || p.Time < 1 || p.Time > maxTime || p.Threads < 1 || head[2] > 255 || head[3] > questionMost || head[4] > questionMost {
		return nil, nil, p, errQuestion
	}
	rest := make([]byte, head[3]+head[4])
	if _, err := io.ReadFull(r, rest); err != nil {
		return nil, nil, p, err
	}
	return rest[head[3]:], rest[:head[3]], p, nil
}

// ServeHashes is the process that Apart starts: it answers questions from in until
// their end, one after the other.
func ServeHashes(in io.Reader, out io.Writer) error {
	questions := bufio.NewReader(in)
	for {
		password, salt, p, err := readQuestion(questions)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("factor: serve hashes: %w", err)
		}
		if _, err := out.Write(argon2id(password, salt, p)); err != nil {
			return fmt.Errorf("factor: serve hashes: %w", err)
		}
	}
}
