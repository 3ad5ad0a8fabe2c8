//go:build pkcs11

package pkcs11

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/miekg/pkcs11"
)

// token is one slot with a pool of sessions. A session is used by one goroutine
// at a time, as Cryptoki wants it (PKCS #11 2.40 §5.6).
type token struct {
	lib      *pkcs11.Ctx
	slot     uint
	pin      string
	sessions chan pkcs11.SessionHandle // 0: to be opened

	mu sync.Mutex // of logging in
}

// modules are the libraries loaded by this process: Cryptoki may be initialised
// once a process (§5.4), however many tokens of it are open.
var modules = struct {
	sync.Mutex
	open map[string]*module
}{open: map[string]*module{}}

type module struct {
	lib   *pkcs11.Ctx
	users int
}

// Open loads the library, finds the token by its label and logs in.
func Open(o Options) (Token, error) {
	if o.Sessions <= 0 {
		o.Sessions = 8
	}
	lib, err := load(o.Module)
	if err != nil {
		return nil, err
	}
	t := &token{lib: lib, pin: o.PIN, sessions: make(chan pkcs11.SessionHandle, o.Sessions)}
	for range o.Sessions {
		t.sessions <- 0
	}
	if t.slot, err = find(lib, o.Token); err == nil {
		err = t.with(context.Background(), func(pkcs11.SessionHandle) error { return nil })
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the PKCS #11 token %q: %w", o.Token, err), unload(o.Module))
	}
	return &opened{t, o.Module}, nil
}

// opened is a token that unloads its library at its end.
type opened struct {
	*token
	path string
}

// Close closes the sessions, which logs out, and unloads the library when it is
// the last to use it.
func (t *opened) Close() error {
	return errors.Join(t.lib.CloseAllSessions(t.slot), unload(t.path))
}

func load(path string) (*pkcs11.Ctx, error) {
	modules.Lock()
	defer modules.Unlock()
	if m := modules.open[path]; m != nil {
		m.users++
		return m.lib, nil
	}
	lib := pkcs11.New(path)
	if lib == nil {
		return nil, fmt.Errorf("load the PKCS #11 library %s: it is not there, or not one", path)
	}
	if err := lib.Initialize(); err != nil {
		lib.Destroy()
		return nil, fmt.Errorf("initialise the PKCS #11 library %s: %w", path, err)
	}
	modules.open[path] = &module{lib, 1}
	return lib, nil
}

func unload(path string) error {
	modules.Lock()
	defer modules.Unlock()
	m := modules.open[path]
	if m.users--; m.users > 0 {
		return nil
	}
	delete(modules.open, path)
	err := m.lib.Finalize()
	m.lib.Destroy()
	return err
}

// find returns the slot of the token with the label; two of one label are refused,
// for it would be chance which of them signs.
func find(lib *pkcs11.Ctx, label string) (uint, error) {
	slots, err := lib.GetSlotList(true)
	if err != nil {
		return 0, fmt.Errorf("list the slots: %w", err)
	}
	var found []uint
	for _, slot := range slots {
		info, err := lib.GetTokenInfo(slot)
		if err == nil && info.Label == label {
			found = append(found, slot)
		}
	}
	if len(found) != 1 {
		return 0, fmt.Errorf("%d tokens have that label; name one that is there, once", len(found))
	}
	return found[0], nil
}

// with runs do in a session. One that the token has dropped (it was pulled out,
// restarted, or somebody logged out) is opened again, once.
func (t *token) with(ctx context.Context, do func(pkcs11.SessionHandle) error) error {
	var session pkcs11.SessionHandle
	select {
	case session = <-t.sessions:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { t.sessions <- session }()
	for attempt := range 2 {
		var err error
		if session == 0 {
			if session, err = t.open(); err != nil {
				session = 0
				return err
			}
		}
		if err = do(session); err == nil || attempt == 1 || !lost(err) {
			return err
		}
		_ = t.lib.CloseSession(session) // it may be gone already
		session = 0
	}
	return nil
}

// lost tells that another session may do better.
func lost(err error) bool {
	var code pkcs11.Error
	if !errors.As(err, &code) {
		return false
	}
	switch code {
	case pkcs11.CKR_SESSION_HANDLE_INVALID, pkcs11.CKR_SESSION_CLOSED, pkcs11.CKR_DEVICE_REMOVED,
		pkcs11.CKR_DEVICE_ERROR, pkcs11.CKR_TOKEN_NOT_PRESENT, pkcs11.CKR_USER_NOT_LOGGED_IN,
		pkcs11.CKR_KEY_HANDLE_INVALID, pkcs11.CKR_OBJECT_HANDLE_INVALID, pkcs11.CKR_OPERATION_ACTIVE:
		return true
	}
	return false
}

// open opens a session and sees to it that the user is logged in: to be so is a
// matter of the process, not of the session (§5.6).
func (t *token) open() (pkcs11.SessionHandle, error) {
	session, err := t.lib.OpenSession(t.slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		return 0, fmt.Errorf("open a session: %w", err)
	}
	t.mu.Lock()
	err = t.lib.Login(session, pkcs11.CKU_USER, t.pin)
	t.mu.Unlock()
	if err != nil && !errors.Is(err, pkcs11.Error(pkcs11.CKR_USER_ALREADY_LOGGED_IN)) {
		_ = t.lib.CloseSession(session)
		return 0, fmt.Errorf("log in (is the PIN right? a token locks itself after some wrong ones): %w", err)
	}
	return session, nil
}
