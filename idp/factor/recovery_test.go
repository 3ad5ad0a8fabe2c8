package factor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outbox"
	"propusk/storage/revocation"
	"propusk/storage/storagetest"
)

// TestRecoveryCodes runs each rule below on both engines, with people of its own.
func TestRecoveryCodes(t *testing.T) {
	eachHouse(t, map[string]func(*testing.T, *house){
		"RecoveryCodesWorkOnceEach":                        recoveryCodesWorkOnceEach,
		"RecoveryCodesBelongToTheirPersonAndTheLastMaking": recoveryCodesBelongToTheirPersonAndTheLastMaking,
		"RecoveryCodeHasOneWinner":                         recoveryCodeHasOneWinner,
		"RecoveryCodesLockWithANoticeThatSaysWhy":          recoveryCodesLockWithANoticeThatSaysWhy,
	})
}

// house is the factors whose records matter, over a real directory.
type house struct {
	t         testing.TB
	ctx       context.Context
	db        *storage.DB
	clock     *storagetest.Clock
	directory *directory.Directory
	box       *outbox.Outbox
	log       *journal.Journal

	locks    *Locks
	codes    *RecoveryCodes
	pins     *PINs
	devices  *Devices
	password *Passwords
	maria    directory.Person
	pavel    directory.Person
	org      directory.Organisation
	other    directory.Organisation
}

// eachHouse runs the rules on either engine, each in a house with people of its
// own; the database is shared, for making one takes longest.
func eachHouse(t *testing.T, rules map[string]func(t *testing.T, h *house)) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		for name, rule := range rules {
			t.Run(name, func(t *testing.T) { rule(t, newHouse(t, db)) })
		}
	})
}

var serial atomic.Int64

// numbers invents the INN and the OGRN of a legal entity, with right check
// digits.
func numbers() (inn, ogrn string) {
	n := serial.Add(1)
	inn = fmt.Sprintf("77%07d", n)
	sum := 0
	for i, weight := range []int{2, 4, 10, 3, 5, 9, 4, 6, 8} {
		sum += weight * int(inn[i]-'0')
	}
	body := 126_770_000_000 + n
	return inn + fmt.Sprint(sum%11%10), fmt.Sprintf("%d%d", body, body%11%10)
}

func newHouse(t testing.TB, db *storage.DB) *house {
	t.Helper()
	h := &house{t: t, ctx: context.Background(), db: db, clock: storagetest.NewClock()}
	sealer, err := storage.NewSealer(bytes.Repeat([]byte{7}, 32))
	must(t, err)
	memory := storagetest.Memory(t, h.clock.Now)
	h.log = journal.New(journal.Deps{DB: db, Now: h.clock.Now})
	h.box = outbox.New(outbox.Deps{
		DB: db, Jobs: jobs.New(jobs.Deps{DB: db, Now: h.clock.Now}), Sealer: sealer, Keep: true, Now: h.clock.Now,
	})
	h.directory, err = directory.New(directory.Deps{
		DB: db, Journal: h.log, Outbox: h.box, Sealer: sealer, Now: h.clock.Now, BaseURL: "https://id.example",
		Revocations: revocation.New(revocation.Deps{DB: db, Events: memory, Now: h.clock.Now, Lifetime: 10 * time.Minute}),
	})
	must(t, err)
	h.locks, err = NewLocks(LockDeps{Directory: h.directory, Ephemeral: memory, Now: h.clock.Now})
	must(t, err)
	h.codes, err = NewRecoveryCodes(RecoveryDeps{Directory: h.directory, Sealer: sealer, Locks: h.locks})
	must(t, err)
	h.password, err = NewPasswords(PasswordDeps{Directory: h.directory, Locks: h.locks, Now: h.clock.Now, Params: cheap, Concurrency: 4})
	must(t, err)
	h.pins, err = NewPINs(PINDeps{Directory: h.directory, Passwords: h.password, Sealer: sealer})
	must(t, err)
	h.devices, err = NewDevices(DeviceDeps{Directory: h.directory, Now: h.clock.Now})
	must(t, err)
	h.settle()
	return h
}

func (h *house) settle() {
	h.t.Helper()
	var err error
	h.maria, err = h.directory.CreatePerson(h.ctx, directory.NewPerson{
		LastName: "Иванова", FirstName: "Мария", Email: fmt.Sprintf("maria.%d@example.ru", serial.Add(1)), EmailVerified: true,
	})
	must(h.t, err)
	h.pavel, err = h.directory.CreatePerson(h.ctx, directory.NewPerson{LastName: "Орлов", FirstName: "Павел", Email: fmt.Sprintf("pavel.%d@example.ru", serial.Add(1))})
	must(h.t, err)
	for i, o := range []*directory.Organisation{&h.org, &h.other} {
		inn, ogrn := numbers()
		*o, _, err = h.directory.CreateOrganisation(h.ctx, directory.NewOrganisation{
			Kind: directory.KindLegal, INN: inn, KPP: "780101001", OGRN: ogrn, Name: fmt.Sprintf("ООО «Маяк %d»", i),
		}, h.maria.ID, directory.Administrator)
		must(h.t, err)
	}
}

// subjects of the messages to an address, newest first.
func (h *house) subjects(to string) (list []string) {
	h.t.Helper()
	messages, err := h.box.List(h.ctx, 1000)
	must(h.t, err)
	for _, m := range messages {
		if m.To == to {
			list = append(list, m.Subject)
		}
	}
	return list
}

func recoveryCodesWorkOnceEach(t *testing.T, h *house) {
	g := Guess{PersonID: h.maria.ID}
	codes, err := h.codes.Make(h.ctx, h.maria.ID)
	must(t, err)
	seen := map[string]bool{}
	for _, code := range codes {
		if len(code) != 11 || code[5] != '-' || strings.Trim(code, recoveryAlphabet+"-") != "" || seen[code] {
			t.Errorf("%q", code)
		}
		seen[code] = true
	}
	if left, err := h.codes.Left(h.ctx, h.maria.ID); err != nil || left != 10 {
		t.Fatalf("%d, %v", left, err)
	}
	must(t, h.codes.Verify(h.ctx, g, codes[0]))
	if err := h.codes.Verify(h.ctx, g, codes[0]); !errors.Is(err, ErrWrong) {
		t.Errorf("a second time: %v", err)
	}
	// As it is read from paper.
	must(t, h.codes.Verify(h.ctx, g, " "+strings.ToLower(strings.ReplaceAll(codes[1], "-", " "))))
	must(t, h.codes.Verify(h.ctx, g, strings.NewReplacer("0", "O", "1", "l", "-", "–").Replace(codes[2])))
	if left, err := h.codes.Left(h.ctx, h.maria.ID); err != nil || left != 7 {
		t.Errorf("%d, %v", left, err)
	}
	want := []string{"Использован резервный код, осталось: 7", "Использован резервный код, осталось: 8", "Использован резервный код, осталось: 9", "Созданы новые резервные коды"}
	if got := h.subjects(h.maria.Email); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q", got)
	}
}

func recoveryCodesBelongToTheirPersonAndTheLastMaking(t *testing.T, h *house) {
	codes, err := h.codes.Make(h.ctx, h.maria.ID)
	must(t, err)
	if err := h.codes.Verify(h.ctx, Guess{PersonID: h.pavel.ID}, codes[0]); !errors.Is(err, ErrWrong) {
		t.Errorf("another person's: %v", err)
	}
	// Not even when the row is moved to him.
	_, err = h.db.Exec(h.ctx, `UPDATE recovery_codes SET person_id = $1 WHERE person_id = $2`, h.pavel.ID, h.maria.ID)
	must(t, err)
	if err := h.codes.Verify(h.ctx, Guess{PersonID: h.pavel.ID}, codes[0]); !errors.Is(err, ErrWrong) {
		t.Errorf("another person's, moved: %v", err)
	}
	old, err := h.codes.Make(h.ctx, h.maria.ID)
	must(t, err)
	again, err := h.codes.Make(h.ctx, h.maria.ID)
	must(t, err)
	if err := h.codes.Verify(h.ctx, Guess{PersonID: h.maria.ID}, old[0]); !errors.Is(err, ErrWrong) {
		t.Errorf("of an earlier making: %v", err)
	}
	must(t, h.codes.Verify(h.ctx, Guess{PersonID: h.maria.ID}, again[0]))
	must(t, h.codes.Remove(h.ctx, h.maria.ID))
	if err := h.codes.Verify(h.ctx, Guess{PersonID: h.maria.ID}, again[1]); !errors.Is(err, ErrWrong) {
		t.Errorf("removed: %v", err)
	}
}

func recoveryCodeHasOneWinner(t *testing.T, h *house) {
	codes, err := h.codes.Make(h.ctx, h.maria.ID)
	must(t, err)
	h.codes.lock.Policy.Failures = 100
	var won atomic.Int64
	var done sync.WaitGroup
	for range 20 {
		done.Go(func() {
			switch err := h.codes.Verify(h.ctx, Guess{PersonID: h.maria.ID}, codes[0]); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, ErrWrong):
				t.Error(err)
			}
		})
	}
	done.Wait()
	if won.Load() != 1 {
		t.Errorf("%d used it", won.Load())
	}
}

func recoveryCodesLockWithANoticeThatSaysWhy(t *testing.T, h *house) {
	codes, err := h.codes.Make(h.ctx, h.maria.ID)
	must(t, err)
	g := Guess{PersonID: h.maria.ID}
	fail := func(n int) {
		for range n {
			if err := h.codes.Verify(h.ctx, g, "00000-00000"); !errors.Is(err, ErrWrong) || errors.Is(err, ErrLocked) {
				t.Fatal(err)
			}
		}
	}
	fail(3)
	if err := h.codes.Verify(h.ctx, g, codes[0]); !errors.Is(err, ErrLocked) {
		t.Errorf("the right code, locked: %v", err)
	}
	h.clock.Advance(15 * time.Minute)
	fail(3)
	h.clock.Advance(30 * time.Minute)
	fail(2)
	h.clock.Advance(30 * 24 * time.Hour)
	if err := h.codes.Verify(h.ctx, g, codes[0]); !errors.Is(err, ErrLocked) {
		t.Errorf("a month later: %v", err)
	}
	list, err := h.locks.Of(h.ctx, h.maria.ID)
	if err != nil || len(list) != 1 || list[0].Factor != "recovery" || list[0].Until != 0 || list[0].Reason != directory.LockedByFailures {
		t.Errorf("%+v, %v", list, err)
	}
	messages, err := h.box.List(h.ctx, 1)
	must(t, err)
	if m := messages[0]; m.Subject != "Вход заблокирован: резервный код" || !strings.Contains(m.Text, "Причина: несколько неверных попыток подряд.") {
		t.Errorf("%+v", m)
	}
	must(t, h.directory.UnlockFactors(h.ctx, directory.Actor{PersonID: h.maria.ID}, h.maria.ID))
	must(t, h.codes.Verify(h.ctx, g, codes[0]))
	if _, err := NewRecoveryCodes(RecoveryDeps{}); err == nil {
		t.Error("empty Deps are accepted")
	}
}
