package session

import (
	"slices"
	"testing"
	"time"

	"propusk/storage"
)

// at is the moment of the tests; ago is so much earlier.
var at = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) storage.Time { return storage.Of(at.Add(-d)) }

func TestWeigh(t *testing.T) {
	t.Parallel()
	sms := func(d time.Duration) Proof { return Proof{Factor: SMS, At: ago(d)} }
	pwd := func(d time.Duration) Proof { return Proof{Factor: Password, At: ago(d)} }
	appCode := func(d time.Duration) Proof { return Proof{Factor: TOTP, At: ago(d)} }
	other := func(f Factor, d time.Duration) Proof { return Proof{Factor: f, At: ago(d), Credential: "one"} }
	email := func(d time.Duration) Proof { return Proof{Factor: Email, At: ago(d)} }
	tests := []struct {
		name   string
		proofs []Proof
		since  storage.Time
		acr    string
		amr    []string
		at     storage.Time
	}{
		{"nothing", nil, 0, "", nil, 0},
		{"password", []Proof{pwd(time.Minute)}, 0, "urn:propusk:1", []string{"pwd"}, ago(time.Minute)},
		{"password and app", []Proof{pwd(time.Minute), appCode(0)}, 0, "urn:propusk:2", []string{"pwd", "otp", "mfa"}, ago(time.Minute)},
		{"password and SMS", []Proof{pwd(0), sms(0)}, 0, "urn:propusk:2", []string{"pwd", "sms", "mfa"}, ago(0)},
		{"password and e-mail", []Proof{pwd(0), email(0)}, 0, "urn:propusk:2", []string{"pwd", "otp", "mfa"}, ago(0)},
		{"app and e-mail are one name", []Proof{pwd(0), appCode(0), email(0)}, 0, "urn:propusk:2", []string{"pwd", "otp", "mfa"}, ago(0)},
		{"codes without a password", []Proof{appCode(0), sms(0)}, 0, "", []string{"otp", "sms"}, ago(0)},
		{"the oldest counts for the time", []Proof{pwd(time.Minute), appCode(time.Hour)}, 0, "urn:propusk:2", []string{"pwd", "otp", "mfa"}, ago(time.Hour)},
		{"a passkey is two", []Proof{other(Passkey, 0)}, 0, "urn:propusk:2", []string{"pop", "user", "mfa"}, ago(0)},
		{"a certificate is enough", []Proof{other(Certificate, 0)}, 0, "urn:propusk:qualified", []string{"pop"}, ago(0)},
		{"a certificate after a password", []Proof{pwd(time.Minute), other(Certificate, 0)}, 0, "urn:propusk:qualified", []string{"pwd", "pop", "mfa"}, ago(time.Minute)},
		{"a certificate that is too old", []Proof{other(Certificate, time.Hour), pwd(0)}, ago(time.Minute), "urn:propusk:1", []string{"pwd"}, ago(0)},
		{"password and recovery code", []Proof{pwd(0), other(RecoveryCode, 0)}, 0, "urn:propusk:2", []string{"pwd", "otp", "mfa"}, ago(0)},
		{"password on a trusted device", []Proof{pwd(0), other(Device, 0)}, 0, "urn:propusk:2", []string{"pwd", "rba", "mfa"}, ago(0)},
		{"a PIN is no second factor", []Proof{pwd(0), other(PIN, 0)}, 0, "urn:propusk:1", []string{"pwd", "pin"}, ago(0)},
		{"a trusted device alone", []Proof{other(Device, 0)}, 0, "", []string{"rba"}, ago(0)},
		{"what is too old does not count", []Proof{pwd(time.Minute), appCode(time.Hour)}, ago(time.Minute), "urn:propusk:1", []string{"pwd"}, ago(time.Minute)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := Weigh(test.proofs, test.since)
			if a.Level.ACR() != test.acr || !slices.Equal(a.AMR, test.amr) || a.AuthTime != test.at {
				t.Errorf("Weigh = %q %v %v, want %q %v %v", a.Level.ACR(), a.AMR, a.AuthTime, test.acr, test.amr, test.at)
			}
		})
	}
}

func TestLevelNames(t *testing.T) {
	t.Parallel()
	for l := None; l <= Qualified; l++ {
		if got := LevelOf(l.ACR()); got != l {
			t.Errorf("LevelOf(%q) = %d, want %d", l.ACR(), got, l)
		}
	}
	if got := LevelOf("urn:propusk:3"); got != None {
		t.Errorf("an unknown acr is level %d", got)
	}
}
