package veil

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"propusk/storage"
)

func sealer(t testing.TB, fill byte) *storage.Sealer {
	t.Helper()
	s, err := storage.NewSealer(bytes.Repeat([]byte{fill}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func name(t *testing.T, s *Subjects, sector, person string) string {
	t.Helper()
	name, err := s.Name(sector, person)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// OpenID Connect Core §8.1.
func TestAPersonHasOneNameInASectorAndAnotherInEveryOther(t *testing.T) {
	t.Parallel()
	s, anna, boris := NewSubjects(sealer(t, 1)), storage.NewID(), storage.NewID()
	first := name(t, s, "app.example", anna)
	if !Pairwise(first) || Pairwise(anna) || len(first) > 255 || strings.Contains(first, anna) {
		t.Errorf("the name is %q", first)
	}
	if again := name(t, NewSubjects(sealer(t, 1)), "app.example", anna); again != first {
		t.Errorf("another node calls her %q and not %q", again, first)
	}
	seen := map[string]bool{first: true}
	for _, other := range []string{
		name(t, s, "app2.example", anna), name(t, s, "app.example", boris), name(t, NewSubjects(sealer(t, 2)), "app.example", anna),
	} {
		if seen[other] || other[3:20] == first[3:20] || other[24:] == first[24:] {
			t.Errorf("%q is like another name", other)
		}
		seen[other] = true
	}
	if who, err := s.Person("app.example", first); err != nil || who != anna {
		t.Errorf("the name means %q, %v", who, err)
	}
	if who, err := s.PersonOfToken(first); err != nil || who != anna {
		t.Errorf("the name in a token means %q, %v", who, err)
	}
	if _, err := s.Name("app.example", "anna"); err == nil {
		t.Error("an id that is no UUID has a name")
	}
}

func TestANameOfAnotherSectorOrMadeUpMeansNobody(t *testing.T) {
	t.Parallel()
	s, anna := NewSubjects(sealer(t, 1)), storage.NewID()
	good := name(t, s, "app.example", anna)
	changed := []byte(good)
	changed[10] ^= 1 // another letter of base64url, or none
	for what, c := range map[string]struct{ sector, name string }{
		"another sector": {"app2.example", good},
		"cut":            {"app.example", good[:len(good)-2]},
		"longer":         {"app.example", good + "AA"},
		"changed":        {"app.example", string(changed)},
		"a person's id":  {"app.example", anna},
		"no base64":      {"app.example", "pw_!"},
		"empty":          {"app.example", ""},
	} {
		if _, err := s.Person(c.sector, c.name); !errors.Is(err, ErrSubject) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := s.PersonOfToken("pw_AA"); !errors.Is(err, ErrSubject) {
		t.Errorf("a short name in a token: %v", err)
	}
}

func TestAnOpaqueTokenSaysNothingAndCannotBeChanged(t *testing.T) {
	t.Parallel()
	tokens, claims := NewTokens(sealer(t, 1)), []byte(`{"sub":"anna"}`)
	token := tokens.Seal(claims)
	if !Opaque(token) || Opaque("eyJhbGciOi") || token == tokens.Seal(claims) || strings.Contains(token, "anna") {
		t.Errorf("the token is %q", token)
	}
	if got, err := tokens.Open(token); err != nil || !bytes.Equal(got, claims) {
		t.Errorf("it opens as %q, %v", got, err)
	}
	if _, err := NewTokens(sealer(t, 2)).Open(token); !errors.Is(err, ErrToken) {
		t.Errorf("another house opens it: %v", err)
	}
	for i := range token {
		changed := []byte(token)
		changed[i] ^= 4
		if _, err := tokens.Open(string(changed)); !errors.Is(err, ErrToken) {
			t.Fatalf("changed at %d it opens", i)
		}
		if _, err := tokens.Open(token[:i]); !errors.Is(err, ErrToken) {
			t.Fatalf("cut at %d it opens", i)
		}
	}
	for what, other := range map[string]string{
		"a line break": token[:20] + "\n" + token[20:], "too long": tokens.Seal(make([]byte, maxToken)), "empty": "po_",
	} {
		if _, err := tokens.Open(other); !errors.Is(err, ErrToken) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	s, tokens := NewSubjects(sealer(f, 1)), NewTokens(sealer(f, 1))
	subject, err := s.Name("app.example", storage.NewID())
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "po_", "pw_", "pw_AAAA", tokens.Seal([]byte("{}")), subject} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if claims, err := tokens.Open(text); err == nil && string(claims) != "{}" {
			t.Errorf("%q opens as %q", text, claims)
		}
		if person, err := s.Person("app.example", text); err == nil {
			if again, _ := s.Name("app.example", person); again != text {
				t.Errorf("%q and %q mean one person", text, again)
			}
		}
	})
}
