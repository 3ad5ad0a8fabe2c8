package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/idp/factor/passkey"
	"propusk/idp/session"
	"propusk/signature"
	"propusk/storage"
	"propusk/storage/storagetest"
)

// breaking is short-lived state that does not answer while broken is set.
type breaking struct {
	storage.Volatile
	broken atomic.Bool
}

var errBroken = errors.New("the short-lived state does not answer")

func (b *breaking) fails() error {
	if b.broken.Load() {
		return errBroken
	}
	return nil
}

func (b *breaking) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return errors.Join(b.fails(), b.Volatile.Put(ctx, key, value, ttl))
}

func (b *breaking) Get(ctx context.Context, key string) ([]byte, error) {
	if err := b.fails(); err != nil {
		return nil, err
	}
	return b.Volatile.Get(ctx, key)
}

func (b *breaking) Take(ctx context.Context, key string) ([]byte, error) {
	if err := b.fails(); err != nil {
		return nil, err
	}
	return b.Volatile.Take(ctx, key)
}

func (b *breaking) Incr(ctx context.Context, key string, ttl time.Duration) (int64, time.Duration, error) {
	if err := b.fails(); err != nil {
		return 0, 0, err
	}
	return b.Volatile.Incr(ctx, key, ttl)
}

func (b *breaking) Delete(ctx context.Context, key string) error {
	return errors.Join(b.fails(), b.Volatile.Delete(ctx, key))
}

// When the short-lived state is away, what rests on it is the server's fault and
// nothing is changed; no page takes it for a wrong code or for nothing waiting.
func TestLostStateChangesNothing(t *testing.T) {
	t.Parallel()
	clock := storagetest.NewClock()
	state := &breaking{Volatile: storagetest.Memory(t, clock.Now)}
	w := newWorld(t, storagetest.SQLite(t), state, clock)
	w.Server.deps.Log = slog.New(slog.DiscardHandler)
	quiet, err := New(w.Server.deps) // with a log that takes errors
	w.must(err)
	w.Server.face = quiet.face
	v := w.signedIn(w.elena)
	secret := v.get("/account/authenticator").is(200).secret()
	v.post("/account/contacts", "channel", "email", "value", "new@north.example").leads("/account/contacts/confirm")
	old, fresh := w.codeTo("elena@north.example"), w.codeTo("new@north.example")
	before := len(w.actions(w.elena))
	state.broken.Store(true)
	for _, a := range []*answer{
		v.post("/account/authenticator", "code", w.otp(secret)),
		v.get("/account/authenticator"),
		v.get("/account/contacts"),
		v.get("/account/contacts/confirm"),
		v.post("/account/contacts", "channel", "sms", "value", "+79160001122"),
		v.post("/account/contacts/confirm", "old_code", old, "new_code", fresh),
		v.post("/account/contacts/send", "which", "new"),
		v.post("/account/contacts/cancel"),
		v.get("/account/passkeys"),
		v.post("/account/passkeys", "credential", "{}"),
		v.get("/account/certificates/new"),
		v.upload("/account/certificates/new", []string{"challenge", "x"}, map[string][]byte{"signature": {1}}),
		v.upload("/account/signatures", nil, map[string][]byte{"content": {1}, "signature": {1}}),
		v.post("/account/password", "current", password, "password", newPassword, "password_again", newPassword),
	} {
		a.is(http.StatusInternalServerError).lacks(errBroken.Error())
	}
	if after := w.actions(w.elena); len(after) != before || w.again(w.elena) != w.elena {
		t.Errorf("something was done: %q", after[before:])
	}
}

func TestTooManyCodesAreRefused(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	for i := range 40 {
		a := v.post("/account/contacts", "channel", "email", "value", fmt.Sprintf("address%d@north.example", i))
		if a.status != http.StatusSeeOther {
			a.is(http.StatusTooManyRequests).says("Кодов отправлено слишком много.")
			if a.header.Get("Retry-After") == "" || i < 5 {
				t.Errorf("after %d: Retry-After %q", i, a.header.Get("Retry-After"))
			}
			return
		}
	}
	t.Error("codes without end")
}

func TestPasskeysHaveAnEnd(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	page := v.get("/account/passkeys").is(200)
	for i := range 20 {
		_, err := w.Server.deps.Directory.AddPasskey(w.ctx, directory.Passkey{
			PersonID: w.elena.ID, CredentialID: fmt.Sprint("credential-", i), Name: "Ключ", Record: []byte(`{}`),
		})
		w.must(err)
	}
	v.get("/account/passkeys").is(http.StatusConflict).says("Ключей доступа уже двадцать.")
	v.post("/account/passkeys", "credential", create(t, page, site, w.elena.ID)).is(http.StatusConflict).says("Ключей доступа уже двадцать.")
}

func TestKnownPasskeyIsNotAddedTwice(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	key := newKey()
	for i, want := range []int{http.StatusSeeOther, http.StatusConflict} {
		a := v.post("/account/passkeys", "credential", createWith(t, v.get("/account/passkeys"), site, w.elena.ID, key))
		if a.status != want {
			t.Errorf("%d: answered %d: %s", i, a.status, a.text())
		}
	}
}

func TestHouseWithoutPasskeysSaysSo(t *testing.T) {
	w := quickWorld(t)
	var err error
	w.Server.deps.Passkeys, err = passkey.New(passkey.Deps{
		Store: w.Server.deps.Directory, Ephemeral: w.Server.deps.Ephemeral, Issuer: "https://192.0.2.1", Name: "Пропуск",
	})
	w.must(err)
	v := w.signedIn(w.elena)
	v.get("/account/security").is(200).lacks(`href="/account/passkeys"`).says("Ключи доступа здесь не работают")
	v.get("/account/passkeys").is(http.StatusConflict).says("Ключи доступа здесь не работают")
	v.post("/account/passkeys", "credential", "{}").is(http.StatusConflict)
}

func TestNameOfAPasskeyIsALine(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	long := strings.Repeat("я", 100)
	v.post("/account/passkeys", "credential", create(t, v.get("/account/passkeys"), site, w.elena.ID), "name", long).is(422).has(`id="name-fault"`)
}

// busy is a verifier with too much to do.
type busy struct{}

func (busy) Verify(context.Context, signature.Request) (signature.Verdict, error) {
	return signature.Verdict{}, signature.ErrBusy
}

func TestBusyVerifierAsksToComeBack(t *testing.T) {
	w := quickWorld(t)
	w.Server.deps.Verifier = busy{}
	a := w.signedIn(w.elena).upload("/account/signatures", nil, map[string][]byte{"content": {1}, "signature": {1}}).is(http.StatusServiceUnavailable)
	if a.header.Get("Retry-After") != "3" {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
}

func TestOnlyCertificateIsNotUnbound(t *testing.T) {
	w := quickWorld(t)
	id := w.bind(w.signedIn(w.pavel))
	_, err := w.db.Exec(w.ctx, `DELETE FROM passwords WHERE person_id = $1`, w.pavel.ID)
	w.must(err)
	v := w.visitor(w.pavel, session.Certificate)
	v.post("/account/certificates/" + id + "/remove").is(http.StatusConflict).says("Это единственный способ войти")
	if list, _ := w.Server.deps.Certificates.List(w.ctx, w.pavel.ID); len(list) != 1 {
		t.Error("unbound")
	}
}
