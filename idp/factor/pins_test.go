package factor

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"propusk/idp/directory"
	"propusk/storage"
)

// TestPINs runs each rule below on both engines, with people of its own.
func TestPINs(t *testing.T) {
	eachHouse(t, map[string]func(*testing.T, *house){
		"PINOpensItsOrganisationAlone":     pinOpensItsOrganisationAlone,
		"ThreeWrongPINsLockUntilARecovery": threeWrongPINsLockUntilARecovery,
		"PINIsChangedWithThePresentOne":    pinIsChangedWithThePresentOne,
		"WhoMayResetAPIN":                  whoMayResetAPIN,
		"OfManyPINsAtOnceThreeAreLookedAt": ofManyPINsAtOnceThreeAreLookedAt,
	})
}

func TestPINIsFourDigitsThatNobodyTriesFirst(t *testing.T) {
	t.Parallel()
	person := directory.Person{Phone: "+79161238375"}
	for pin, want := range map[string]string{
		"":      "pin_digits",
		"123":   "pin_digits",
		"12345": "pin_digits",
		"12 4":  "pin_digits",
		"48a3":  "pin_digits",
		"٤٨٣٧":  "pin_digits",
		"0000":  "pin_trivial",
		"7777":  "pin_trivial",
		"1234":  "pin_trivial",
		"9876":  "pin_trivial",
		"2468":  "pin_trivial",
		"1212":  "pin_trivial",
		"5588":  "pin_trivial",
		"1984":  "pin_trivial",
		"2001":  "pin_trivial",
		"8375":  "pin_personal",
		"4837":  "",
		"0917":  "",
	} {
		got := ""
		var faults directory.FieldErrors
		if err := checkPIN(person, pin); errors.As(err, &faults) {
			got = faults[0].Code
			if faults[0].Field != "pin" {
				t.Errorf("%+v", faults[0])
			}
		}
		if got != want {
			t.Errorf("%q: %q, want %q", pin, got, want)
		}
	}
}

func pinOpensItsOrganisationAlone(t *testing.T, h *house) {
	if set, err := h.pins.Isset(h.ctx, h.maria.ID, h.org.ID); err != nil || set {
		t.Fatal(set, err)
	}
	if err := h.pins.Verify(h.ctx, h.maria.ID, h.org.ID, "4837"); err != ErrWrong {
		t.Errorf("none is set: %v", err)
	}
	must(t, h.pins.Set(h.ctx, h.maria, h.org.ID, "4837"))
	if set, err := h.pins.Isset(h.ctx, h.maria.ID, h.org.ID); err != nil || !set {
		t.Error(set, err)
	}
	if err := h.pins.Set(h.ctx, h.maria, h.org.ID, "0917"); !errors.Is(err, storage.ErrExists) {
		t.Errorf("set twice: %v", err)
	}
	must(t, h.pins.Verify(h.ctx, h.maria.ID, h.org.ID, "4837"))
	if err := h.pins.Verify(h.ctx, h.maria.ID, h.other.ID, "4837"); !errors.Is(err, ErrWrong) {
		t.Errorf("for another organisation: %v", err)
	}
	// A hash moved to another person or organisation does not open it.
	must(t, h.pins.Set(h.ctx, h.maria, h.other.ID, "0917"))
	_, err := h.db.Exec(h.ctx, `UPDATE pins SET hash = (SELECT hash FROM pins WHERE organisation_id = $1) WHERE organisation_id = $2`, h.org.ID, h.other.ID)
	must(t, err)
	if err := h.pins.Verify(h.ctx, h.maria.ID, h.other.ID, "4837"); !errors.Is(err, ErrWrong) {
		t.Errorf("a hash that was moved: %v", err)
	}
}

// Row 38: three wrong PINs lock, each is told at once.
func threeWrongPINsLockUntilARecovery(t *testing.T, h *house) {
	must(t, h.pins.Set(h.ctx, h.maria, h.org.ID, "4837"))
	try := func(pin string) error { return h.pins.Verify(h.ctx, h.maria.ID, h.org.ID, pin) }
	var wrong *WrongPIN
	for left := 2; left > 0; left-- {
		if err := try("4838"); !errors.As(err, &wrong) || wrong.Left != left || !errors.Is(err, ErrWrong) {
			t.Fatal(err)
		}
	}
	must(t, try("4837")) // the right one forgets the wrong ones
	for range 2 {
		try("4838")
	}
	var locked *Locked
	if err := try("4838"); !errors.As(err, &locked) || !locked.Until.IsZero() {
		t.Errorf("the third wrong one: %v", err)
	}
	if err := try("4837"); !errors.Is(err, ErrLocked) {
		t.Errorf("the right one, locked: %v", err)
	}
	if got := h.subjects(h.maria.Email); fmt.Sprint(got) != fmt.Sprint([]string{"Вход заблокирован: ПИН-код", "Задан ПИН-код: ООО «Маяк 0»"}) {
		t.Errorf("%q", got)
	}
	list, err := h.locks.Of(h.ctx, h.maria.ID)
	if err != nil || len(list) != 1 || list[0].Factor != "pin" || list[0].Scope != h.org.ID {
		t.Errorf("%+v, %v", list, err)
	}
	must(t, h.pins.Replace(h.ctx, h.maria, h.org.ID, "0917"))
	must(t, try("0917"))
	if list, err := h.locks.Of(h.ctx, h.maria.ID); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

func pinIsChangedWithThePresentOne(t *testing.T, h *house) {
	must(t, h.pins.Set(h.ctx, h.maria, h.org.ID, "4837"))
	if err := h.pins.Change(h.ctx, h.maria, h.org.ID, "1111", "0917"); !errors.Is(err, ErrWrong) {
		t.Error(err)
	}
	if err := h.pins.Change(h.ctx, h.maria, h.org.ID, "4837", "1111"); errors.Is(err, ErrWrong) || err == nil {
		t.Error(err)
	}
	must(t, h.pins.Change(h.ctx, h.maria, h.org.ID, "4837", "0917"))
	must(t, h.pins.Verify(h.ctx, h.maria.ID, h.org.ID, "0917"))
}

func whoMayResetAPIN(t *testing.T, h *house) {
	if err := h.pins.Reset(h.ctx, directory.System(), h.maria.ID, h.org.ID); !errors.Is(err, storage.ErrNotFound) {
		t.Error(err)
	}
	must(t, h.pins.Set(h.ctx, h.maria, h.org.ID, "4837"))
	if err := h.pins.Reset(h.ctx, directory.Actor{PersonID: h.pavel.ID}, h.maria.ID, h.org.ID); !errors.Is(err, directory.ErrForbidden) {
		t.Errorf("a stranger: %v", err)
	}
	must(t, h.pins.Reset(h.ctx, directory.Actor{PersonID: h.maria.ID}, h.maria.ID, h.org.ID))
	if set, _ := h.pins.Isset(h.ctx, h.maria.ID, h.org.ID); set {
		t.Error("still set")
	}
	// An administrator of the organisation, for a member.
	_, err := h.directory.AddMember(h.ctx, directory.System(), directory.NewMember{OrganisationID: h.org.ID, PersonID: h.pavel.ID, Role: directory.Observer})
	must(t, err)
	must(t, h.pins.Set(h.ctx, h.pavel, h.org.ID, "4837"))
	must(t, h.pins.Reset(h.ctx, directory.Actor{PersonID: h.maria.ID}, h.pavel.ID, h.org.ID))
	if got := h.subjects(h.pavel.Email); got[0] != "ПИН-код сброшен: ООО «Маяк 0»" {
		t.Errorf("%q", got)
	}
}

func ofManyPINsAtOnceThreeAreLookedAt(t *testing.T, h *house) {
	must(t, h.pins.Set(h.ctx, h.maria, h.org.ID, "4837"))
	var looked atomic.Int64
	h.password.derive = func([]byte, []byte, Params) []byte { // at once: who waits too long is told "busy"
		looked.Add(1)
		return make([]byte, sha256.Size)
	}
	var done sync.WaitGroup
	for range 20 {
		done.Go(func() {
			if err := h.pins.Verify(h.ctx, h.maria.ID, h.org.ID, "4838"); !errors.Is(err, ErrWrong) {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if looked.Load() != 3 {
		t.Errorf("%d were looked at", looked.Load())
	}
	if len(h.subjects(h.maria.Email)) != 2 {
		t.Errorf("%q", h.subjects(h.maria.Email))
	}
	if _, err := NewPINs(PINDeps{}); err == nil {
		t.Error("empty Deps are accepted")
	}
}
