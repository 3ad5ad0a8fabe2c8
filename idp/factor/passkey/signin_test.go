package passkey

import (
	"bytes"
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/storage"
)

// TestSignIn runs each rule below on both engines, with people of its own.
func TestSignIn(t *testing.T) {
	eachHouse(t, map[string]func(*testing.T, *house){
		"SignInWithoutALogin":                         signInWithoutALogin,
		"SignInOfAKnownPerson":                        signInOfAKnownPerson,
		"AssertionForAnotherOriginIsRefused":          assertionForAnotherOriginIsRefused,
		"AssertionForAnotherRelyingPartyIsRefused":    assertionForAnotherRelyingPartyIsRefused,
		"ReplayedAssertionIsRefused":                  replayedAssertionIsRefused,
		"ParallelReplayHasOneWinner":                  parallelReplayHasOneWinner,
		"ChallengeOfAnotherAttemptOrBrowserIsRefused": challengeOfAnotherAttemptOrBrowserIsRefused,
		"StaleChallengeIsRefused":                     staleChallengeIsRefused,
		"SignInWithoutUserVerificationIsRefused":      signInWithoutUserVerificationIsRefused,
		"AnotherPersonsPasskeyIsRefused":              anotherPersonsPasskeyIsRefused,
		"UnknownPasskeyIsRefused":                     unknownPasskeyIsRefused,
		"TamperedAssertionIsRefused":                  tamperedAssertionIsRefused,
		"ClonedCounterLocksThePasskey":                clonedCounterLocksThePasskey,
		"SameCounterAgainIsAClone":                    sameCounterAgainIsAClone,
		"PasskeyWithoutACounterSignsInAgain":          passkeyWithoutACounterSignsInAgain,
		"CounterRacesHaveOneWinner":                   counterRacesHaveOneWinner,
		"BackupFlags":                                 backupFlags,
		"PasskeyRecordBelongsToItsPerson":             passkeyRecordBelongsToItsPerson,
	})
}

func signInWithoutALogin(t *testing.T, h *house) {
	a, kept := h.enrolled(h.maria, "Телефон")
	public := fields(t, h.begin("k"))["publicKey"].(map[string]any)
	if public["userVerification"] != "required" || public["rpId"] != "id.example" || public["allowCredentials"] != nil {
		t.Errorf("%v", public)
	}
	h.clock.Advance(time.Minute)
	got, err := h.FinishSignIn(h.ctx, "k", a.get(t, h.begin("k")))
	if err != nil || got.ID != kept.ID || got.PersonID != h.maria.ID || got.Name != "Телефон" {
		t.Fatalf("%+v, %v", got, err)
	}
	list, err := h.List(h.ctx, h.maria.ID)
	if err != nil || list[0].UsedAt != storage.Of(h.clock.Now()) || list[0].SignCount != 1 {
		t.Errorf("%+v, %v", list, err)
	}
}

func signInOfAKnownPerson(t *testing.T, h *house) {
	if _, err := h.BeginSignIn(h.ctx, "k", h.maria.ID); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("without passkeys: %v", err)
	}
	first, _ := h.enrolled(h.maria, "1")
	second, kept := h.enrolled(h.maria, "2")
	options, err := h.BeginSignIn(h.ctx, "k", h.maria.ID)
	h.must(err)
	if allowed := fields(t, options)["publicKey"].(map[string]any)["allowCredentials"].([]any); len(allowed) != 2 {
		t.Errorf("%v", allowed)
	}
	got, err := h.FinishSignIn(h.ctx, "k", second.get(t, options))
	if err != nil || got.ID != kept.ID {
		t.Fatalf("%+v, %v", got, err)
	}
	options, err = h.BeginSignIn(h.ctx, "k", h.maria.ID)
	h.must(err)
	h.must(h.Remove(h.ctx, h.maria.ID, kept.ID))
	h.refused("removed meanwhile", "k", second.get(t, options), factor.ErrWrong)
	h.signsIn(first)
}

func assertionForAnotherOriginIsRefused(t *testing.T, h *house) {
	a, _ := h.enrolled(h.maria, "")
	for _, origin := range []string{
		"https://evil.example", "https://id.example", "http://id.example:8443", "https://id.example:8444",
		"https://id.example:8443.evil.example", "https://sub.id.example:8443", "", "null",
	} {
		a.site.Origin = origin
		h.refused(origin, "k", a.get(t, h.begin("k")), factor.ErrWrong)
	}
	a.site.Origin = issuer
	h.signsIn(a)
}

func assertionForAnotherRelyingPartyIsRefused(t *testing.T, h *house) {
	a, _ := h.enrolled(h.maria, "")
	for _, id := range []string{"evil.example", "example", "sub.id.example", ""} {
		a.site.ID = id
		h.refused(id, "k", a.get(t, h.begin("k")), factor.ErrWrong)
	}
	a.site.ID = "id.example"
	h.signsIn(a)
}

func replayedAssertionIsRefused(t *testing.T, h *house) {
	a, _ := h.enrolled(h.maria, "")
	answer := a.get(t, h.begin("k"))
	_, err := h.FinishSignIn(h.ctx, "k", answer)
	h.must(err)
	h.refused("at once again", "k", answer, ErrStale)
	h.begin("k")
	h.refused("against a new challenge", "k", answer, factor.ErrWrong)
	h.refused("after a wrong answer", "k", a.get(t, h.begin("other")), ErrStale)
}

// Of the same answer sent forty times at once one signs in.
func parallelReplayHasOneWinner(t *testing.T, h *house) {
	a, _ := h.enrolled(h.maria, "")
	answer := a.get(t, h.begin("k"))
	var won atomic.Int64
	var done sync.WaitGroup
	for range 40 {
		done.Go(func() {
			switch _, err := h.FinishSignIn(h.ctx, "k", answer); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, ErrStale):
				t.Error(err)
			}
		})
	}
	done.Wait()
	if won.Load() != 1 {
		t.Errorf("%d signed in", won.Load())
	}
}

func challengeOfAnotherAttemptOrBrowserIsRefused(t *testing.T, h *house) {
	a, _ := h.enrolled(h.maria, "")
	mine := h.begin("attempt 1, browser 1")
	h.begin("attempt 1, browser 2")
	h.refused("lured into another browser", "attempt 1, browser 2", a.get(t, mine), factor.ErrWrong)
	h.refused("another attempt", "attempt 2, browser 1", a.get(t, mine), ErrStale)
	_, err := h.FinishSignIn(h.ctx, "attempt 1, browser 1", a.get(t, mine))
	h.must(err)
}

func staleChallengeIsRefused(t *testing.T, h *house) {
	a, _ := h.enrolled(h.maria, "")
	options := h.begin("k")
	h.clock.Advance(30 * time.Minute)
	h.refused("half an hour later", "k", a.get(t, options), ErrStale)
	old := h.begin("k")
	h.begin("k") // the page was drawn again
	h.refused("of the page before", "k", a.get(t, old), factor.ErrWrong)
	h.refused("the challenge of that one was used up by it", "k", a.get(t, old), ErrStale)
}

func signInWithoutUserVerificationIsRefused(t *testing.T, h *house) {
	a, _ := h.enrolled(h.maria, "")
	a.Options.UserNotVerified = true
	h.refused("discoverable", "k", a.get(t, h.begin("k")), factor.ErrWrong)
	options, err := h.BeginSignIn(h.ctx, "k", h.maria.ID)
	h.must(err)
	h.refused("as the known person", "k", a.get(t, options), factor.ErrWrong)
	a.Options.UserNotVerified, a.Options.UserNotPresent = false, true
	h.refused("without presence", "k", a.get(t, h.begin("k")), factor.ErrWrong)
}

func anotherPersonsPasskeyIsRefused(t *testing.T, h *house) {
	a, _ := h.enrolled(h.maria, "")
	other, kept := h.enrolled(h.pavel, "")
	options, err := h.BeginSignIn(h.ctx, "k", h.maria.ID)
	h.must(err)
	h.refused("where hers was asked for", "k", other.get(t, options), factor.ErrWrong)
	other.Options.UserHandle = []byte(h.maria.ID)
	options, err = h.BeginSignIn(h.ctx, "k", h.maria.ID)
	h.must(err)
	h.refused("with her user handle", "k", other.get(t, options), factor.ErrWrong)
	h.refused("with her user handle, discoverable", "k", other.get(t, h.begin("k")), factor.ErrWrong)
	// Her key under his credential's id.
	other.Options.UserHandle, a.Options.UserHandle = []byte(h.pavel.ID), []byte(h.pavel.ID)
	a.credential.ID = other.credential.ID
	h.refused("his id, her key", "k", a.get(t, h.begin("k")), factor.ErrWrong)
	other.Options.UserHandle = nil
	h.refused("no user handle, discoverable", "k", other.get(t, h.begin("k")), factor.ErrWrong)
	other.Options.UserHandle = []byte(h.pavel.ID)
	if got := h.signsIn(other); got.ID != kept.ID {
		t.Errorf("%+v", got)
	}
}

func unknownPasskeyIsRefused(t *testing.T, h *house) {
	a := h.authenticator(h.maria)
	h.refused("never enrolled", "k", a.get(t, h.begin("k")), factor.ErrWrong)
	a, kept := h.enrolled(h.maria, "")
	h.must(h.Remove(h.ctx, h.maria.ID, kept.ID))
	h.refused("removed", "k", a.get(t, h.begin("k")), factor.ErrWrong)
}

func tamperedAssertionIsRefused(t *testing.T, h *house) {
	a, _ := h.enrolled(h.maria, "")
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte { b[(at+len(b))%len(b)] ^= 1; return b }
	}
	for what, change := range map[string]func(answer []byte) []byte{
		"signature": func(b []byte) []byte { return with(t, b, "signature", flip(-1)) },
		"counter":   func(b []byte) []byte { return with(t, b, "authenticatorData", flip(36)) },
		"flags":     func(b []byte) []byte { return with(t, b, "authenticatorData", flip(32)) },
		"cut data":  func(b []byte) []byte { return with(t, b, "authenticatorData", func(d []byte) []byte { return d[:36] }) },
		"longer data": func(b []byte) []byte {
			return with(t, b, "authenticatorData", func(d []byte) []byte { return append(d, 0) })
		},
		"client data":  func(b []byte) []byte { return with(t, b, "clientDataJSON", flip(-3)) },
		"ceremony":     func(b []byte) []byte { return with(t, b, "clientDataJSON", replace("webauthn.get", "webauthn.create")) },
		"no signature": func(b []byte) []byte { return with(t, b, "signature", func([]byte) []byte { return nil }) },
		"not JSON":     func([]byte) []byte { return []byte("{") },
		"nothing":      func([]byte) []byte { return nil },
		"huge":         func(b []byte) []byte { return append(b, bytes.Repeat([]byte(" "), maxAnswer)...) },
	} {
		h.refused(what, "k", change(a.get(t, h.begin("k"))), factor.ErrWrong)
	}
	h.signsIn(a)
}

func replace(old, other string) func([]byte) []byte {
	return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(other), 1) }
}

// A counter that goes back means two copies of one key (WebAuthn §6.1.1): the
// passkey is locked, for both.
func clonedCounterLocksThePasskey(t *testing.T, h *house) {
	a, kept := h.enrolled(h.maria, "Флешка")
	clone := *a
	for range 3 {
		h.signsIn(a)
	}
	h.refused("the clone", "k", clone.get(t, h.begin("k")), ErrCloned)
	h.refused("the original, too", "k", a.get(t, h.begin("k")), ErrLocked)
	list, err := h.List(h.ctx, h.maria.ID)
	if err != nil || list[0].LockedAt == 0 || list[0].ID != kept.ID {
		t.Errorf("%+v, %v", list, err)
	}
	if usable, err := h.Usable(h.ctx, h.maria.ID); err != nil || usable {
		t.Errorf("usable %v, %v", usable, err)
	}
	if _, err := h.BeginSignIn(h.ctx, "k", h.maria.ID); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a locked one is asked for: %v", err)
	}
	if got := h.entries(h.maria); got != "passkey.added passkey.locked" {
		t.Error(got)
	}
	if got := h.subjects(h.maria); got[0] != "Ключ доступа заблокирован" || len(got) != 2 {
		t.Errorf("%q", got)
	}
	// Whoever does not hold the key learns nothing of the lock.
	stranger := h.authenticator(h.maria)
	stranger.credential.ID = a.credential.ID
	answer := stranger.get(t, h.begin("k"))
	if _, err := h.FinishSignIn(h.ctx, "k", answer); !errors.Is(err, factor.ErrWrong) || errors.Is(err, factor.ErrLocked) {
		t.Errorf("%v", err)
	}
	h.must(h.Remove(h.ctx, h.maria.ID, kept.ID))
}

func sameCounterAgainIsAClone(t *testing.T, h *house) {
	a, _ := h.enrolled(h.maria, "")
	h.signsIn(a)
	a.credential.Counter--
	h.refused("the same value", "k", a.get(t, h.begin("k")), ErrCloned)
}

// Synchronised passkeys have no counter: it stays 0.
func passkeyWithoutACounterSignsInAgain(t *testing.T, h *house) {
	a, _ := h.enrolled(h.maria, "")
	for range 3 {
		parsed, err := virtualwebauthn.ParseAssertionOptions(string(h.begin("k")))
		h.must(err)
		_, err = h.FinishSignIn(h.ctx, "k", []byte(virtualwebauthn.CreateAssertionResponse(a.site, a.Authenticator, a.credential, *parsed)))
		h.must(err)
	}
	a.credential.Counter = 1<<32 - 2
	if got := h.signsIn(a); got.SignCount != 1<<32-1 {
		t.Errorf("%d", got.SignCount)
	}
}

func counterRacesHaveOneWinner(t *testing.T, h *house) {
	a, kept := h.enrolled(h.maria, "")
	h.signsIn(a)
	if err := h.directory.UsePasskey(h.ctx, kept.ID, 1, false); !errors.Is(err, storage.ErrUsed) {
		t.Errorf("the same counter: %v", err)
	}
	h.must(h.directory.UsePasskey(h.ctx, kept.ID, 2, false))
	if err := h.directory.UsePasskey(h.ctx, kept.ID, 0, false); !errors.Is(err, storage.ErrUsed) {
		t.Errorf("back to none: %v", err)
	}
}

func backupFlags(t *testing.T, h *house) {
	a := h.authenticator(h.maria)
	a.Options.BackupEligible = true
	options, err := h.BeginEnrol(h.ctx, "e", h.maria)
	h.must(err)
	kept, err := h.FinishEnrol(h.ctx, "e", h.maria, "", a.create(t, options))
	if err != nil || !kept.BackupEligible || kept.BackedUp {
		t.Fatalf("%+v, %v", kept, err)
	}
	a.Options.BackupState = true
	if got := h.signsIn(a); !got.BackedUp {
		t.Error("the backup is not noticed")
	}
	list, err := h.List(h.ctx, h.maria.ID)
	if err != nil || !list[0].BackedUp {
		t.Errorf("%+v, %v", list, err)
	}
	// Eligibility never changes; a backup without it cannot be.
	a.Options.BackupEligible, a.Options.BackupState = false, false
	h.refused("no longer eligible", "k", a.get(t, h.begin("k")), factor.ErrWrong)
	a.Options.BackupState = true
	h.refused("backed up, not eligible", "k", a.get(t, h.begin("k")), factor.ErrWrong)
}

// A record put into another person's row does not open there.
func passkeyRecordBelongsToItsPerson(t *testing.T, h *house) {
	a, kept := h.enrolled(h.maria, "")
	_, err := h.db.Exec(h.ctx, `UPDATE passkeys SET person_id = $1 WHERE id = $2`, h.pavel.ID, kept.ID)
	h.must(err)
	a.Options.UserHandle = []byte(h.pavel.ID)
	if _, err := h.FinishSignIn(h.ctx, "k", a.get(t, h.begin("k"))); !errors.Is(err, storage.ErrSeal) {
		t.Errorf("%v", err)
	}
}

func FuzzFinishSignIn(f *testing.F) {
	ephemeral := storage.NewMemory(time.Now)
	defer ephemeral.Close()
	p, err := New(Deps{Store: noStore{}, Ephemeral: ephemeral, Issuer: issuer, Name: "x"})
	if err != nil {
		f.Fatal(err)
	}
	a := (&house{}).authenticator(directory.Person{ID: "p"})
	options, err := p.BeginSignIn(f.Context(), "k", "")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(a.get(f, options))
	f.Add([]byte(`{"id":"","rawId":"","type":"public-key","response":{}}`))
	f.Add(binary.BigEndian.AppendUint64(nil, 7))
	f.Fuzz(func(t *testing.T, answer []byte) {
		if _, err := p.BeginSignIn(t.Context(), "k", ""); err != nil {
			t.Fatal(err)
		}
		if _, err := p.FinishSignIn(t.Context(), "k", answer); !errors.Is(err, factor.ErrWrong) {
			t.Errorf("%v", err)
		}
		if _, err := p.BeginEnrol(t.Context(), "k", directory.Person{ID: "p", Number: "1"}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.FinishEnrol(t.Context(), "k", directory.Person{ID: "p"}, "", answer); !errors.Is(err, factor.ErrWrong) {
			t.Errorf("%v", err)
		}
	})
}
