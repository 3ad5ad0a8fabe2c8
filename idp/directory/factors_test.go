package directory

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/storage"
)

func TestPasswordHistoryKeepsTheLastFive(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person("p")
		for n := range 8 {
			w.must(w.SetPasswordHash(w.ctx, p.ID, fmt.Sprint("$", n)))
			w.clock.Advance(time.Second)
		}
		history, err := w.PasswordHistory(w.ctx, p.ID)
		if err != nil || fmt.Sprint(history) != "[$6 $5 $4 $3 $2]" {
			t.Errorf("%v, %v", history, err)
		}
		other := w.person("q")
		w.must(w.SetPasswordHash(w.ctx, other.ID, "$x"))
		if history, err := w.PasswordHistory(w.ctx, other.ID); err != nil || len(history) != 0 {
			t.Errorf("%v, %v", history, err)
		}
	})
}

func TestFactorLockIsToldOnceAndLifted(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person("p")
		mark := w.mark()
		lock := FactorLock{PersonID: p.ID, Factor: "password", Reason: LockedByFailures}
		for range 2 {
			w.must(w.RecordLock(w.ctx, lock))
		}
		paused := lock
		paused.Factor, paused.Scope, paused.Until = "sms.contact", "device-1", storage.Of(time.Date(2027, 1, 2, 3, 4, 0, 0, time.UTC))
		w.must(w.RecordLock(w.ctx, paused))
		if e := w.lastEntry(""); e.Action != "factor.locked" || e.Object != p.ID || e.Details["until"] != "2027-01-02T03:04:00Z" || e.Details["scope"] != "device-1" {
			t.Errorf("%+v", e)
		}
		sent := w.since(mark)
		if len(sent) != 2 || sent[1].Subject != "Вход заблокирован: пароль" || sent[0].Subject != "Вход приостановлен: код из SMS" {
			t.Fatalf("%+v", sent)
		}
		if !strings.Contains(sent[0].Text, "с одного из ваших устройств") || !strings.Contains(sent[0].Text, "02.01.2027 03:04") {
			t.Errorf("%s", sent[0].Text)
		}
		for scope, want := range map[string]bool{"": true, "device-1": false} {
			if locked, lifted, err := w.LockState(w.ctx, p.ID, "password", scope); err != nil || locked != want || lifted != 0 {
				t.Errorf("%q: %v, %v, %v", scope, locked, lifted, err)
			}
		}
		locks, err := w.FactorLocks(w.ctx, p.ID)
		if err != nil || len(locks) != 1 || locks[0].PersonID != p.ID || locks[0].Factor != "password" || locks[0].At == 0 {
			t.Errorf("%+v, %v", locks, err)
		}
		if err := w.UnlockFactors(w.ctx, Actor{PersonID: w.person("q").ID}, p.ID); !errors.Is(err, ErrForbidden) {
			t.Errorf("by somebody else: %v", err)
		}
		w.must(w.UnlockFactors(w.ctx, System(), p.ID))
		if locks, err := w.FactorLocks(w.ctx, p.ID); err != nil || len(locks) != 0 {
			t.Errorf("%+v, %v", locks, err)
		}
		if e := w.lastEntry(""); e.Action != "factors.unlocked" {
			t.Errorf("%+v", e)
		}
		w.clock.Advance(time.Minute)
		w.must(w.UnlockFactors(w.ctx, Actor{PersonID: p.ID}, p.ID))
		if locked, lifted, err := w.LockState(w.ctx, p.ID, "password", ""); err != nil || locked || lifted != storage.Of(w.clock.Now()) {
			t.Errorf("%v, %v, %v", locked, lifted, err)
		}
	})
}

// A login that names nobody is locked like any other: the journal knows, and no
// row and no message tell that it is nobody's.
func TestLockOfNobodyEntersTheJournalAlone(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		mark := w.mark()
		w.must(w.RecordLock(w.ctx, FactorLock{Factor: "password", Reason: LockedByFailures}))
		if e := w.lastEntry(""); e.Action != "factor.locked" || e.Object != "" || w.mark() != mark {
			t.Errorf("%+v", e)
		}
		if locked, _, err := w.LockState(w.ctx, "", "password", ""); err != nil || locked {
			t.Error(locked, err)
		}
	})
}

func TestMemberIsUnlockedByWhoManagesMembers(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.members[Observer].PersonID
		elsewhere, _ := w.organisation(p)
		for _, o := range []string{w.org.ID, elsewhere.ID} {
			w.must(w.AddPIN(w.ctx, p, o, "$pin"))
			for range PINTries {
				_, _, err := w.TryPIN(w.ctx, p, o)
				w.must(err)
			}
			w.must(w.RecordLock(w.ctx, FactorLock{PersonID: p, Factor: "pin", Scope: o, Reason: LockedByFailures}))
		}
		w.must(w.RecordLock(w.ctx, FactorLock{PersonID: p, Factor: "totp", Reason: LockedByFailures}))
		w.must(w.RecordLock(w.ctx, FactorLock{PersonID: p, Factor: "passkey", Scope: "key", Reason: LockedAsCloned}))
		if err := w.UnlockMember(w.ctx, w.by(Accountant), w.org.ID, p); !errors.Is(err, ErrForbidden) {
			t.Errorf("by an accountant: %v", err)
		}
		if err := w.UnlockMember(w.ctx, w.by(Administrator), w.org.ID, w.person("stranger").ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("for somebody outside: %v", err)
		}
		w.must(w.UnlockMember(w.ctx, w.by(Administrator), w.org.ID, p))
		locks, err := w.FactorLocks(w.ctx, p)
		if err != nil || len(locks) != 2 || slices.ContainsFunc(locks, func(l FactorLock) bool { return l.Scope != elsewhere.ID && l.Reason != LockedAsCloned }) {
			t.Errorf("the PIN of another organisation and a copied passkey are none of his business: %+v, %v", locks, err)
		}
		if _, lifted, err := w.LockState(w.ctx, p, "totp", ""); err != nil || lifted != storage.Of(w.clock.Now()) {
			t.Errorf("%v, %v", lifted, err)
		}
		if _, left, err := w.TryPIN(w.ctx, p, w.org.ID); err != nil || left != 2 {
			t.Errorf("%d, %v", left, err)
		}
		if _, _, err := w.TryPIN(w.ctx, p, elsewhere.ID); !errors.Is(err, storage.ErrUsed) {
			t.Errorf("%v", err)
		}
		if e := w.lastEntry(w.org.ID); e.Action != "factors.unlocked" || e.Object != p {
			t.Errorf("%+v", e)
		}
	})
}

func TestPINsAreKeptByOrganisation(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.members[Observer].PersonID
		if _, _, err := w.TryPIN(w.ctx, p, w.org.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Error(err)
		}
		w.must(w.AddPIN(w.ctx, p, w.org.ID, "$one"))
		if err := w.AddPIN(w.ctx, p, w.org.ID, "$two"); !errors.Is(err, storage.ErrExists) {
			t.Error(err)
		}
		for left := 2; left >= 0; left-- {
			if hash, n, err := w.TryPIN(w.ctx, p, w.org.ID); err != nil || hash != "$one" || n != left {
				t.Fatalf("%q, %d, %v", hash, n, err)
			}
		}
		w.must(w.PINFits(w.ctx, p, w.org.ID))
		w.must(w.ReplacePIN(w.ctx, p, w.org.ID, "$two"))
		if hash, _, err := w.TryPIN(w.ctx, p, w.org.ID); err != nil || hash != "$two" {
			t.Errorf("%q, %v", hash, err)
		}
		w.must(w.ResetPIN(w.ctx, w.by(Administrator), p, w.org.ID))
		if set, err := w.PINSet(w.ctx, p, w.org.ID); err != nil || set {
			t.Error(set, err)
		}
		if err := w.ResetPIN(w.ctx, System(), p, w.org.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Error(err)
		}
		if err := w.ResetPIN(w.ctx, w.by(Observer), w.members[Head].PersonID, w.org.ID); !errors.Is(err, ErrForbidden) {
			t.Error(err)
		}
		if got := w.actions(w.org.ID); strings.Join(got[len(got)-4:], " ") != "pin.set pin.changed pin.reset pin.reset refused forbidden" {
			t.Errorf("%q", got)
		}
	})
}

func TestRecoveryCodesAreReplacedAndUsedOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p, q := w.person("p"), w.person("q")
		w.must(w.SetRecoveryCodes(w.ctx, p.ID, []string{"a", "b"}))
		w.must(w.SetRecoveryCodes(w.ctx, p.ID, []string{"b", "c"}))
		if _, err := w.UseRecoveryCode(w.ctx, p.ID, "a"); !errors.Is(err, storage.ErrUsed) {
			t.Errorf("replaced: %v", err)
		}
		if _, err := w.UseRecoveryCode(w.ctx, q.ID, "b"); !errors.Is(err, storage.ErrUsed) {
			t.Errorf("another person's: %v", err)
		}
		if left, err := w.UseRecoveryCode(w.ctx, p.ID, "b"); err != nil || left != 1 {
			t.Errorf("%d, %v", left, err)
		}
		if _, err := w.UseRecoveryCode(w.ctx, p.ID, "b"); !errors.Is(err, storage.ErrUsed) {
			t.Errorf("twice: %v", err)
		}
		if e := w.lastEntry(""); e.Action != "recovery_codes.used" || e.Details["left"] != "1" {
			t.Errorf("%+v", e)
		}
		w.must(w.SetRecoveryCodes(w.ctx, p.ID, nil))
		if left, err := w.RecoveryCodesLeft(w.ctx, p.ID); err != nil || left != 0 || w.lastEntry("").Action != "recovery_codes.removed" {
			t.Errorf("%d, %v", left, err)
		}
	})
}

func TestDevicesAreKeptUpToALimit(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person("p")
		var first, second Device
		for n := range mostDevices + 1 {
			d, err := w.AddDevice(w.ctx, Device{PersonID: p.ID, UserAgent: "curl", IP: "192.0.2.1"}, fmt.Sprint("hash", n))
			w.must(err)
			switch n {
			case 0:
				first = d
			case 1:
				second = d
			}
			w.clock.Advance(time.Minute)
		}
		list, err := w.Devices(w.ctx, p.ID)
		if err != nil || len(list) != mostDevices || list[len(list)-1].ID != second.ID {
			t.Errorf("%d devices, %v", len(list), err)
		}
		if _, err := w.DeviceBySecret(w.ctx, p.ID, "hash0"); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("the first is still known: %v", err)
		}
		w.must(w.RecordLock(w.ctx, FactorLock{PersonID: p.ID, Factor: "totp", Scope: second.ID, Reason: LockedByFailures}))
		w.must(w.RecordLock(w.ctx, FactorLock{PersonID: p.ID, Factor: "totp", Reason: LockedByFailures}))
		w.must(w.ForgetDevices(w.ctx, p.ID, list[0].ID))
		if locks, err := w.FactorLocks(w.ctx, p.ID); err != nil || len(locks) != 1 || locks[0].Scope != "" {
			t.Errorf("a device's lock outlives it: %+v, %v", locks, err)
		}
		if err := w.ForgetDevice(w.ctx, p.ID, first.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Error(err)
		}
		w.must(w.ForgetDevice(w.ctx, p.ID, list[0].ID))
		if err := w.TrustDevice(w.ctx, p.ID, list[0].ID, storage.Of(w.clock.Now())); !errors.Is(err, storage.ErrNotFound) {
			t.Error(err)
		}
	})
}

func TestPasskeyRecordsAreSealed(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person("p")
		record := []byte("public key and attestation")
		kept, err := w.AddPasskey(w.ctx, Passkey{PersonID: p.ID, CredentialID: "c1", Name: "Телефон", Record: record, SignCount: 7})
		w.must(err)
		var sealed []byte
		w.must(w.db.Get(w.ctx, &sealed, `SELECT sealed FROM passkeys WHERE id = $1`, kept.ID))
		if bytes.Contains(sealed, record) {
			t.Error("the record is stored in the clear")
		}
		got, err := w.PasskeyByCredential(w.ctx, "c1")
		if err != nil || !bytes.Equal(got.Record, record) || got.SignCount != 7 || got.CreatedAt != storage.Of(w.clock.Now()) {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := w.AddPasskey(w.ctx, Passkey{PersonID: w.person("q").ID, CredentialID: "c1", Name: "x"}); !errors.Is(err, storage.ErrExists) {
			t.Errorf("twice: %v", err)
		}
		if _, err := w.PasskeyByCredential(w.ctx, "c2"); !errors.Is(err, storage.ErrNotFound) {
			t.Error(err)
		}
		mark := w.mark()
		for range 2 {
			w.must(w.LockPasskey(w.ctx, kept.ID))
		}
		if sent := w.since(mark); len(sent) != 1 || !strings.Contains(sent[0].Text, "«Телефон»") || !strings.Contains(sent[0].Text, "ключ скопирован") {
			t.Errorf("%+v", sent)
		}
		if err := w.UsePasskey(w.ctx, kept.ID, 8, false); !errors.Is(err, storage.ErrUsed) {
			t.Errorf("locked: %v", err)
		}
		if err := w.RenamePasskey(w.ctx, p.ID, "c1", "x"); !errors.Is(err, storage.ErrNotFound) {
			t.Error(err)
		}
		w.must(w.RemovePasskey(w.ctx, p.ID, kept.ID))
		if err := w.RemovePasskey(w.ctx, p.ID, kept.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Error(err)
		}
	})
}

// Every notice about credentials is written in both languages, and knows every
// replacement that stands in it.
func TestFactorNoticesAreComplete(t *testing.T) {
	t.Parallel()
	for action, both := range factorTexts {
		if _, twice := texts[action]; twice {
			t.Errorf("%s stands in both catalogues", action)
		}
		n := notice{action: action, organisation: "O"}.with(func(string) []string {
			return []string{"{factor}", "F", "{reason}", "R", "{where}", "W", "{until}", "U", "{name}", "N", "{count}", "3"}
		})
		for lang, plain := range map[string]text{"ru": both.ru, "en": both.en} {
			subject, body := n.render(lang)
			if subject == "" || body == "" || plain.subject == "" || strings.ContainsAny(subject+body, "{}") || strings.Contains(body, "http") {
				t.Errorf("%s, %s: %q, %q", action, lang, subject, body)
			}
		}
	}
	for _, lang := range []string{"ru", "en"} {
		for _, reason := range []LockReason{LockedByFailures, LockedAsCloned} {
			if reason.Label(lang) == "" {
				t.Errorf("%s has no label in %s", reason, lang)
			}
		}
		for _, factor := range []string{"password", "totp", "sms", "email.recovery", "recovery", "pin"} {
			if label := factorLabel(lang, factor); label == factor {
				t.Errorf("%s has no label in %s", factor, lang)
			}
			for _, scope := range []string{"", "device"} {
				if whereLocked(lang, FactorLock{Factor: factor, Scope: scope}) == "" {
					t.Errorf("%s, %s: nowhere", factor, lang)
				}
			}
		}
	}
	if factorLabel("ru", "palm") != "palm" {
		t.Error("an unknown factor")
	}
}

func TestDeviceName(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0":           "Edge, Windows",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36":                                   "Chrome, Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 YaBrowser/24.10.0.0 Safari/537.36":     "Yandex Browser, Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1": "Safari, iPhone",
		"Mozilla/5.0 (Android 15; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0":                                                                    "Firefox, Android",
		"curl/8.0": "неизвестный браузер",
		"":         "неизвестный браузер",
	} {
		if got := DeviceName(agent, "ru"); got != want {
			t.Errorf("%s: %q, want %q", agent, got, want)
		}
	}
	if got := DeviceName("", "en"); got != "unknown browser" {
		t.Error(got)
	}
}
