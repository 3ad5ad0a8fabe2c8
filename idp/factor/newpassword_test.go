package factor

import (
	"context"
	"crypto/sha1" // the published lists are of SHA-1
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/storage"
)

// code is the code of a new password's only objection; "" for none.
func code(t *testing.T, err error) string {
	t.Helper()
	var faults directory.FieldErrors
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &faults) || len(faults) != 1 || faults[0].Field != "password":
		t.Fatal(err)
	}
	return faults[0].Code
}

func TestPasswordsOfBeforeDoNotComeBack(t *testing.T) {
	t.Parallel()
	w, ctx := newPasswordWorld(t), context.Background()
	for n := range directory.KeptPasswords {
		w.records.history = append(w.records.history, w.derive.make(fmt.Sprintf("%s %d", good, n), cheap).String())
	}
	if got := code(t, w.Set(ctx, maria, good, PasswordPolicy{})); got != "password_same" {
		t.Errorf("the present one: %q", got)
	}
	for n := range directory.KeptPasswords {
		if got := code(t, w.Set(ctx, maria, fmt.Sprintf("%s %d", good, n), PasswordPolicy{})); got != "password_used" {
			t.Errorf("the one %d before: %q", n, got)
		}
	}
	must(t, w.Set(ctx, maria, good+" 99", PasswordPolicy{}))
	w.records.history = []string{"$2b$12$not-ours"}
	if err := w.Set(ctx, maria, good+" 98", PasswordPolicy{}); !errors.Is(err, errHash) {
		t.Errorf("a malformed history: %v", err)
	}
}

func TestPasswordIsChangedWithThePresentOne(t *testing.T) {
	t.Parallel()
	w, ctx := newPasswordWorld(t), context.Background()
	const next = "Другой-Кот 82"
	if err := w.Change(ctx, p1, maria, "wrong", next, PasswordPolicy{}); !errors.Is(err, ErrWrong) {
		t.Error(err)
	}
	w.runs.Store(0)
	if got := code(t, w.Change(ctx, p1, maria, good, "Кот-9Б", PasswordPolicy{})); got != "password_short" || w.runs.Load() != 0 {
		t.Errorf("%q after %d hashes", got, w.runs.Load())
	}
	// Whoever passes another person's Guess is still held to this one's password.
	if err := w.Change(ctx, p2, maria, "wrong", next, PasswordPolicy{}); !errors.Is(err, ErrWrong) {
		t.Error(err)
	}
	must(t, w.Change(ctx, Guess{Device: "laptop"}, maria, good, next, PasswordPolicy{}))
	must(t, w.try("p1", "", next))
	if err := w.Change(ctx, p1, maria, "wrong", next, PasswordPolicy{}); !errors.Is(err, ErrWrong) {
		t.Error(err)
	}
}

func TestAgeOfAPassword(t *testing.T) {
	t.Parallel()
	w, ctx := newPasswordWorld(t), context.Background()
	age, err := w.Age(ctx, "p1")
	if want := w.clock.Now().Sub(storage.Time(1).Time()); err != nil || age != want { // the kit's records say 1
		t.Errorf("%s, %v", age, err)
	}
	if _, err := w.Age(ctx, "p9"); !errors.Is(err, storage.ErrNotFound) {
		t.Error(err)
	}
}

// hashes writes a list as it is published.
func hashes(t *testing.T, end string, passwords ...string) string {
	t.Helper()
	var lines []string
	for n, password := range passwords {
		sum := sha1.Sum([]byte(password))
		lines = append(lines, fmt.Sprintf("%s:%d", strings.ToUpper(hex.EncodeToString(sum[:])), n*n*n+1))
	}
	slices.Sort(lines)
	path := filepath.Join(t.TempDir(), "hashes.txt")
	must(t, os.WriteFile(path, []byte(strings.Join(lines, end)+end), 0o600))
	return path
}

func TestBreachedPasswordsAreFoundInTheList(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"\n", "\r\n"} {
		for count := range 40 {
			var inside []string
			for n := range count + 1 {
				inside = append(inside, fmt.Sprintf("Пароль-%d", n))
			}
			list, err := OpenHashList(hashes(t, end, inside...))
			must(t, err)
			for _, password := range inside {
				if found, err := list.Contains(password); err != nil || !found {
					t.Fatalf("%q of %d: %v, %v", password, count+1, found, err)
				}
			}
			for n := range 50 {
				if found, err := list.Contains(fmt.Sprintf("Другой-%d", n)); err != nil || found {
					t.Fatalf("not in the list: %v, %v", found, err)
				}
			}
		}
	}
}

func TestBreachedPasswordIsRefused(t *testing.T) {
	t.Parallel()
	w := newPasswordWorld(t)
	var err error
	w.breached, err = OpenHashList(hashes(t, "\n", "a", "Утекший-Кот 81", "b"))
	must(t, err)
	if got := code(t, w.Set(context.Background(), maria, "Утекший-Кот 81", PasswordPolicy{})); got != "password_breached" {
		t.Errorf("%q", got)
	}
	must(t, w.Set(context.Background(), maria, "Целый-Кот 81", PasswordPolicy{}))
	for password, want := range map[string]bool{"Утекший-Кот 81": true, "Password2024!": true, "Целый-Кот 81": false} {
		if got, err := w.Compromised(password); err != nil || got != want {
			t.Errorf("%q: %v, %v", password, got, err)
		}
	}
}

func TestListThatIsNone(t *testing.T) {
	t.Parallel()
	sum := strings.Repeat("A", 40)
	for name, text := range map[string]string{
		"empty":       "",
		"words":       "password\nqwerty\n",
		"falling":     "F" + sum[1:] + ":1\n" + sum + ":1\n",
		"short":       sum[:39] + ":1\n",
		"later lines": sum + ":1\n" + strings.Repeat("x", 200) + "\n" + sum + ":1\n",
	} {
		path := filepath.Join(t.TempDir(), "list")
		must(t, os.WriteFile(path, []byte(text), 0o600))
		list, err := OpenHashList(path)
		if err == nil {
			_, err = list.Contains("x")
		}
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := OpenHashList(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if found, err := (*HashList)(nil).Contains("password"); found || err != nil {
		t.Error("no list has passwords")
	}
}

func FuzzHashList(f *testing.F) {
	sum := strings.Repeat("0123456789ABCDEF", 3)[:40]
	f.Add([]byte(sum+":1\n"), "password")
	f.Add([]byte(sum), "x")
	f.Add([]byte("\n\n:\n"), "")
	f.Fuzz(func(t *testing.T, text []byte, password string) {
		path := filepath.Join(t.TempDir(), "list")
		must(t, os.WriteFile(path, text, 0o600))
		list, err := OpenHashList(path)
		if err != nil {
			return
		}
		sum := sha1.Sum([]byte(password))
		found, err := list.Contains(password)
		if err == nil && found && !strings.Contains(strings.ToUpper(string(text)), strings.ToUpper(hex.EncodeToString(sum[:]))) {
			t.Errorf("%q is in %q", password, text)
		}
	})
}

func TestAgeIsCountedByTheClock(t *testing.T) {
	t.Parallel()
	w := newPasswordWorld(t)
	before, err := w.Age(context.Background(), "p1")
	must(t, err)
	w.clock.Advance(91 * 24 * time.Hour)
	after, err := w.Age(context.Background(), "p1")
	if err != nil || after-before != 91*24*time.Hour {
		t.Errorf("%s, %v", after-before, err)
	}
}
