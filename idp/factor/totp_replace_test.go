package factor

import (
	"bytes"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"propusk/storage/storagetest"
)

func TestOfferedAuthenticatorIsConfirmedByItsOwnCode(t *testing.T) {
	t.Parallel()
	clock := storagetest.NewClock()
	records := newRecords()
	f, err := NewTOTP(TOTPDeps{Directory: records, Ephemeral: storagetest.Memory(t, clock.Now), Locks: newLocks(t, records, clock), Now: clock.Now, Issuer: "Propusk"})
	if err != nil {
		t.Fatal(err)
	}
	secret, first, err := f.Offer("elena@example.ru")
	if err != nil || len(secret) != 20 || len(first.QR) == 0 {
		t.Fatalf("%d bytes, %v", len(secret), err)
	}
	again, err := f.Show(secret, "elena@example.ru")
	if err != nil || again.Secret != first.Secret || again.URI != first.URI || !bytes.Equal(again.QR, first.QR) {
		t.Errorf("shown again: %+v, %v", again, err)
	}
	if other, _, _ := f.Offer("elena@example.ru"); bytes.Equal(other, secret) {
		t.Error("two offers of one secret")
	}
	code, _ := totp.GenerateCode(first.Secret, clock.Now())
	if step, ok := f.Confirms(secret, code); !ok || step != clock.Now().Unix()/30 {
		t.Errorf("step %d, %v", step, ok)
	}
	old, _ := totp.GenerateCode(first.Secret, clock.Now().Add(-5*time.Minute))
	for _, wrong := range []string{"", "000000", "12345", old} {
		if _, ok := f.Confirms(secret, wrong); ok && wrong != code {
			t.Errorf("%q confirms", wrong)
		}
	}
}
