package storage_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"propusk/storage"
)

func contains(s, part string) bool { return strings.Contains(s, part) }

func sealer(t testing.TB, fill byte) *storage.Sealer {
	s, err := storage.NewSealer(bytes.Repeat([]byte{fill}, 32))
	must(t, err)
	return s
}

func TestSealedOpensOnlyInItsContextAndUnderItsKey(t *testing.T) {
	t.Parallel()
	s := sealer(t, 1)
	sealed := s.Seal([]byte("seed"), "totp/anna")
	if got, err := s.Open(sealed, "totp/anna"); err != nil || string(got) != "seed" {
		t.Fatalf("%q, %v", got, err)
	}
	if bytes.Contains(sealed, []byte("seed")) || bytes.Equal(sealed, s.Seal([]byte("seed"), "totp/anna")) {
		t.Fatal("sealed bytes are readable or always the same")
	}
	_, err := s.Open(sealed, "totp/boris")
	want(t, err, storage.ErrSeal)
	_, err = sealer(t, 2).Open(sealed, "totp/anna")
	want(t, err, storage.ErrSeal)
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		_, err := s.Open(changed, "totp/anna")
		want(t, err, storage.ErrSeal)
		_, err = s.Open(sealed[:i], "totp/anna")
		want(t, err, storage.ErrSeal)
	}
	empty, err := s.Open(s.Seal(nil, ""), "")
	if err != nil || len(empty) != 0 {
		t.Fatalf("%q, %v", empty, err)
	}
}

func TestKeysOfLabelsDifferAndStay(t *testing.T) {
	t.Parallel()
	s := sealer(t, 1)
	// HKDF-SHA256 (RFC 5869), no salt, info "propusk key 1 refresh", computed
	// with Python's hmac.
	const refresh = "a2e3bb81e2ac2f751c33905ab01686ff78fa08953966da3b7cd76ea02f306610"
	if got := hex.EncodeToString(s.Key("refresh")); got != refresh {
		t.Errorf("got %s", got)
	}
	if bytes.Equal(s.Key("a"), s.Key("b")) || bytes.Equal(s.Key("a"), sealer(t, 2).Key("a")) || len(s.Key("a")) != 32 {
		t.Error("keys coincide")
	}
}

func TestMasterKeyMustBe32Bytes(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 16, 31, 33, 64} {
		if _, err := storage.NewSealer(make([]byte, n)); err == nil {
			t.Errorf("%d bytes were taken", n)
		}
	}
}

func FuzzSealerOpen(f *testing.F) {
	s := sealer(f, 1)
	f.Add(s.Seal([]byte("x"), "c"))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if plain, err := s.Open(sealed, "another"); err == nil {
			t.Fatalf("opened %q", plain)
		}
	})
}
