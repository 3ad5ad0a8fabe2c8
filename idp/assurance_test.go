package idp

import (
	"slices"
	"testing"
	"time"

	"propusk/storage"
)

func TestWeigh(t *testing.T) {
	t.Parallel()
	sms := func(d time.Duration) proof { return proof{FactorSMS, ago(d)} }
	email := func(d time.Duration) proof { return proof{FactorEmail, ago(d)} }
	tests := []struct {
		name   string
		proofs []proof
		since  storage.Time
		acr    string
		amr    []string
		at     storage.Time
	}{
		{"nothing", nil, 0, "", nil, 0},
		{"password", []proof{pwd(time.Minute)}, 0, "urn:propusk:1", []string{"pwd"}, ago(time.Minute)},
		{"password and app", []proof{pwd(time.Minute), appCode(0)}, 0, "urn:propusk:2", []string{"pwd", "otp", "mfa"}, ago(time.Minute)},
		{"password and SMS", []proof{pwd(0), sms(0)}, 0, "urn:propusk:2", []string{"pwd", "sms", "mfa"}, ago(0)},
		{"password and e-mail", []proof{pwd(0), email(0)}, 0, "urn:propusk:2", []string{"pwd", "otp", "mfa"}, ago(0)},
		{"app and e-mail are one name", []proof{pwd(0), appCode(0), email(0)}, 0, "urn:propusk:2", []string{"pwd", "otp", "mfa"}, ago(0)},
		{"codes without a password", []proof{appCode(0), sms(0)}, 0, "", []string{"otp", "sms"}, ago(0)},
		{"the oldest counts for the time", []proof{pwd(time.Minute), appCode(time.Hour)}, 0, "urn:propusk:2", []string{"pwd", "otp", "mfa"}, ago(time.Hour)},
		{"what is too old does not count", []proof{pwd(time.Minute), appCode(time.Hour)}, ago(time.Minute), "urn:propusk:1", []string{"pwd"}, ago(time.Minute)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := weigh(test.proofs, test.since)
			if a.Level.acr() != test.acr || !slices.Equal(a.AMR, test.amr) || a.AuthTime != test.at {
				t.Errorf("weigh = %q %v %v, want %q %v %v", a.Level.acr(), a.AMR, a.AuthTime, test.acr, test.amr, test.at)
			}
		})
	}
}

func TestLevelNames(t *testing.T) {
	t.Parallel()
	for l := levelNone; l <= levelQualified; l++ {
		if got := levelOf(l.acr()); got != l {
			t.Errorf("levelOf(%q) = %d, want %d", l.acr(), got, l)
		}
	}
	if got := levelOf("urn:propusk:3"); got != levelNone {
		t.Errorf("an unknown acr is level %d", got)
	}
}
