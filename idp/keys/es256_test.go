package keys

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"testing"
)

// The key of RFC 6979 §A.2.5, for P-256.
func rfc6979Key(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	d, _ := hex.DecodeString("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func TestES256NoncesAreDerivedByRFC6979(t *testing.T) {
	for message, want := range map[string]string{
		"sample": "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716" +
			"f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
		"test": "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367" +
			"019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
	} {
		digest := sha256.Sum256([]byte(message))
		signature, err := signES256(rfc6979Key(t), digest[:])
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(signature); got != want {
			t.Errorf("signature of %q is\n%s, want\n%s", message, got, want)
		}
	}
}

// One integer in 128 is shorter than 32 bytes; it must be filled up on the left.
func TestES256FillsShortIntegersUp(t *testing.T) {
	private := rfc6979Key(t)
	short := 0
	for i := range 1000 {
		digest := sha256.Sum256([]byte{byte(i), byte(i >> 8)})
		signature, err := signES256(private, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		if signature[0] == 0 || signature[32] == 0 {
			short++
		}
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		if len(signature) != 64 || !ecdsa.Verify(&private.PublicKey, digest[:], r, s) {
			t.Fatalf("message %d: %x does not verify", i, signature)
		}
	}
	if short == 0 {
		t.Error("no signature had a short integer, the test shows nothing")
	}
}

func TestES256RefusesWhatIsNoDigest(t *testing.T) {
	if _, err := signES256(rfc6979Key(t), []byte("short")); err == nil {
		t.Error("five bytes were signed as a SHA-256 digest")
	}
}
