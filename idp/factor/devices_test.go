package factor

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/storage"
)

// TestDevices runs each rule below on both engines, with people of its own.
func TestDevices(t *testing.T) {
	eachHouse(t, map[string]func(*testing.T, *house){
		"BrowserIsKnownAgain":                             browserIsKnownAgain,
		"DeviceCookieMovedToAnotherPersonIsWorthless":     deviceCookieMovedToAnotherPersonIsWorthless,
		"PlantedDeviceCookieDoesNotBecomeTheVictims":      plantedDeviceCookieDoesNotBecomeTheVictims,
		"CookieKeepsTheLastPeopleOfABrowser":              cookieKeepsTheLastPeopleOfABrowser,
		"TrustEndsByTimeByHandAndByANewPassword":          trustEndsByTimeByHandAndByANewPassword,
		"ForgottenDeviceIsAStrangeOne":                    forgottenDeviceIsAStrangeOne,
		"OwnerSignsInFromAKnownDeviceWhileStrangersGuess": ownerSignsInFromAKnownDeviceWhileStrangersGuess,
	})
}

const firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0"

func (h *house) remember(personID, cookie string) (string, directory.Device) {
	h.t.Helper()
	cookie, device, err := h.devices.Remember(h.ctx, personID, cookie, Visit{UserAgent: firefox, IP: "192.0.2.7", Country: "RU"})
	must(h.t, err)
	return cookie, device
}

func (h *house) known(personID, cookie string) string {
	h.t.Helper()
	device, known, err := h.devices.Known(h.ctx, personID, cookie)
	must(h.t, err)
	if known != (device.ID != "") {
		h.t.Fatalf("%v, %+v", known, device)
	}
	return device.ID
}

func browserIsKnownAgain(t *testing.T, h *house) {
	if id := h.known(h.maria.ID, ""); id != "" {
		t.Fatal(id)
	}
	cookie, device := h.remember(h.maria.ID, "")
	if h.known(h.maria.ID, cookie) != device.ID || device.CreatedAt != storage.Of(h.clock.Now()) {
		t.Errorf("%+v", device)
	}
	h.clock.Advance(time.Hour)
	again, _, err := h.devices.Remember(h.ctx, h.maria.ID, cookie, Visit{UserAgent: firefox + "1", IP: "192.0.2.8", Country: "KZ"})
	must(t, err)
	if again != cookie {
		t.Error("another cookie for the same device")
	}
	list, err := h.devices.List(h.ctx, h.maria.ID)
	if err != nil || len(list) != 1 || list[0].IP != "192.0.2.8" || list[0].Country != "KZ" || list[0].SeenAt != storage.Of(h.clock.Now()) {
		t.Errorf("%+v, %v", list, err)
	}
	if got := h.subjects(h.maria.Email); len(got) != 0 {
		t.Errorf("the first device is no news: %q", got)
	}
	h.remember(h.maria.ID, "")
	if got := h.subjects(h.maria.Email); len(got) != 1 || got[0] != "Вход с нового устройства: Firefox, Windows" {
		t.Errorf("%q", got)
	}
	if _, err := NewDevices(DeviceDeps{}); err == nil {
		t.Error("empty Deps are accepted")
	}
}

// A cookie copied into another person's sign-in is nothing there.
func deviceCookieMovedToAnotherPersonIsWorthless(t *testing.T, h *house) {
	cookie, device := h.remember(h.maria.ID, "")
	_, err := h.devices.Trust(h.ctx, h.maria.ID, device.ID)
	must(t, err)
	if id := h.known(h.pavel.ID, cookie); id != "" {
		t.Errorf("known to another person as %s", id)
	}
	if _, err := h.devices.Trust(h.ctx, h.pavel.ID, device.ID); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("another person trusts it: %v", err)
	}
}

// A secret that somebody planted in a browser before is never the victim's, who
// gets one of his own.
func plantedDeviceCookieDoesNotBecomeTheVictims(t *testing.T, h *house) {
	planted, _ := h.remember(h.pavel.ID, "")
	cookie, device := h.remember(h.maria.ID, planted)
	if id := h.known(h.maria.ID, planted); id != "" {
		t.Errorf("who planted it holds the victim's device %s", id)
	}
	if h.known(h.maria.ID, cookie) != device.ID || h.known(h.pavel.ID, cookie) == "" {
		t.Error("the browser does not know both")
	}
}

func cookieKeepsTheLastPeopleOfABrowser(t *testing.T, h *house) {
	cookie, _ := h.remember(h.maria.ID, "")
	for range mostSecrets {
		p, err := h.directory.CreatePerson(h.ctx, directory.NewPerson{LastName: "Новый", FirstName: "Человек", Email: fmt.Sprintf("p%d@example.ru", serial.Add(1))})
		must(t, err)
		cookie, _ = h.remember(p.ID, cookie)
	}
	if h.known(h.maria.ID, cookie) != "" || len(strings.Split(cookie, ".")) != mostSecrets {
		t.Errorf("%s", cookie)
	}
	for _, odd := range []string{"x", "..", strings.Repeat("a", 43) + ".", strings.Repeat(".", 5000), strings.Repeat(strings.Repeat("a", 43)+".", 100)} {
		if h.known(h.maria.ID, odd) != "" {
			t.Errorf("%q is known", odd)
		}
	}
}

func trustEndsByTimeByHandAndByANewPassword(t *testing.T, h *house) {
	cookie, device := h.remember(h.maria.ID, "")
	trusted := func() bool {
		d, known, err := h.devices.Known(h.ctx, h.maria.ID, cookie)
		must(t, err)
		return known && d.Trusted(storage.Of(h.clock.Now()))
	}
	trust := func() {
		until, err := h.devices.Trust(h.ctx, h.maria.ID, device.ID)
		if err != nil || !until.Equal(h.clock.Now().Add(30*24*time.Hour)) || !trusted() {
			t.Fatalf("%s, %v", until, err)
		}
	}
	if trusted() {
		t.Fatal("a known device is trusted by itself")
	}
	trust()
	if got := h.subjects(h.maria.Email); got[0] != "Устройство стало доверенным: Firefox, Windows" {
		t.Errorf("%q", got)
	}
	h.clock.Advance(30*24*time.Hour - time.Second)
	if !trusted() {
		t.Error("it ended early")
	}
	h.clock.Advance(time.Second)
	if trusted() {
		t.Error("it did not end")
	}
	trust()
	must(t, h.devices.Distrust(h.ctx, h.maria.ID, device.ID))
	if trusted() || h.known(h.maria.ID, cookie) == "" {
		t.Error("trust was not taken back, or more than that")
	}
	must(t, h.password.Set(h.ctx, h.maria, good, PasswordPolicy{}))
	trust()
	must(t, h.password.Set(h.ctx, h.maria, good+" 2", PasswordPolicy{}))
	if trusted() || h.known(h.maria.ID, cookie) == "" {
		t.Error("a new password leaves the trust")
	}
}

func forgottenDeviceIsAStrangeOne(t *testing.T, h *house) {
	cookie, device := h.remember(h.maria.ID, "")
	if err := h.devices.Forget(h.ctx, h.pavel.ID, device.ID); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("by another person: %v", err)
	}
	must(t, h.devices.Forget(h.ctx, h.maria.ID, device.ID))
	if h.known(h.maria.ID, cookie) != "" {
		t.Error("still known")
	}
	first, _ := h.remember(h.maria.ID, "")
	second, kept := h.remember(h.maria.ID, "")
	must(t, h.devices.ForgetAll(h.ctx, h.maria.ID, kept.ID))
	if h.known(h.maria.ID, first) != "" || h.known(h.maria.ID, second) != kept.ID {
		t.Error("not all but one were forgotten")
	}
	must(t, h.devices.ForgetAll(h.ctx, h.maria.ID, ""))
	if h.known(h.maria.ID, second) != "" {
		t.Error("not all were forgotten")
	}
	if list, err := h.devices.List(h.ctx, h.maria.ID); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	// Forgetting the devices hides no new one.
	told := len(h.subjects(h.maria.Email))
	h.remember(h.maria.ID, "")
	if got := h.subjects(h.maria.Email); len(got) != told+1 || got[0] != "Вход с нового устройства: Firefox, Windows" {
		t.Errorf("%q", got)
	}
}

// The rule of A23.2 over the real records: strangers use up what is theirs, and
// the owner goes on signing in from his own device.
func ownerSignsInFromAKnownDeviceWhileStrangersGuess(t *testing.T, h *house) {
	must(t, h.password.Set(h.ctx, h.maria, good, PasswordPolicy{}))
	_, device := h.remember(h.maria.ID, "")
	stranger, owner := Guess{PersonID: h.maria.ID, Login: h.maria.Email}, Guess{PersonID: h.maria.ID, Device: device.ID}
	for range 6 {
		for range 4 {
			if err := h.password.Verify(h.ctx, stranger, "Неверный-1"); !errors.Is(err, ErrWrong) {
				t.Fatal(err)
			}
		}
		must(t, h.password.Verify(h.ctx, owner, good))
		h.clock.Advance(time.Hour)
	}
	if err := h.password.Verify(h.ctx, stranger, good); !errors.Is(err, ErrLocked) {
		t.Errorf("a new device: %v", err)
	}
	must(t, h.password.Verify(h.ctx, owner, good))
	want := []string{"Вход заблокирован: пароль", "Вход приостановлен: пароль", "Вход приостановлен: пароль"}
	if got := h.subjects(h.maria.Email); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q", got)
	}
	// An administrator of her organisation lifts it.
	if err := h.directory.UnlockMember(h.ctx, directory.Actor{PersonID: h.pavel.ID}, h.org.ID, h.maria.ID); !errors.Is(err, directory.ErrForbidden) {
		t.Errorf("a stranger lifts it: %v", err)
	}
	must(t, h.directory.UnlockMember(h.ctx, directory.Actor{PersonID: h.maria.ID}, h.org.ID, h.maria.ID))
	must(t, h.password.Verify(h.ctx, stranger, good))
}
