//go:build pkcs11

package pkcs11_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	cryptoki "github.com/miekg/pkcs11"

	"propusk/idp/keys"
	"propusk/idp/keys/pkcs11"
	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/storagetest"
)

const (
	label = "propusk test"
	pin   = "73519"
)

// library is SoftHSM's; "" when the machine has none.
var library string

// TestMain makes a token in a folder of its own. SoftHSM reads its settings from
// the environment, once a process.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "propusk-pkcs11-")
	if err == nil {
		err = makeToken(dir)
	}
	if err != nil && os.Getenv("CI") == "true" {
		fmt.Fprintln(os.Stderr, "SoftHSM is promised here (scripts/install):", err)
		os.Exit(1)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "without SoftHSM nothing is tested:", err)
		library = ""
	}
	status := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

func makeToken(dir string) error {
	for _, pattern := range []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/*/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			library = found[0]
			break
		}
	}
	if library == "" {
		return errors.New("libsofthsm2.so is not there")
	}
	conf := filepath.Join(dir, "softhsm2.conf")
	if err := os.WriteFile(conf, []byte("directories.tokendir = "+dir+"\nobjectstore.backend = file\nlog.level = ERROR\n"), 0o600); err != nil {
		return err
	}
	if err := os.Setenv("SOFTHSM2_CONF", conf); err != nil {
		return err
	}
	out, err := exec.Command("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", "864209").CombinedOutput()
	if err != nil {
		return fmt.Errorf("softhsm2-util: %w: %s", err, out)
	}
	return nil
}

func open(t *testing.T) pkcs11.Token {
	t.Helper()
	if library == "" {
		t.Skip("no SoftHSM")
	}
	token, err := pkcs11.Open(pkcs11.Options{Module: library, Token: label, PIN: pin, Sessions: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := token.Close(); err != nil {
			t.Error(err)
		}
	})
	return token
}

func generate(t *testing.T, token pkcs11.Token, algorithm string) (crypto.Signer, []byte) {
	t.Helper()
	signer, name, err := token.Generate(t.Context(), algorithm)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := token.Delete(context.Background(), name); err != nil {
			t.Error(err)
		}
	})
	return signer, name
}

func TestTheTokenSignsWithEveryAlgorithm(t *testing.T) {
	token := open(t)
	digest := sha256.Sum256([]byte("message"))
	for algorithm, check := range map[string]func(signer crypto.Signer) bool{
		keys.ES256: func(signer crypto.Signer) bool {
			signature, err := signer.Sign(rand.Reader, digest[:], crypto.SHA256)
			return err == nil && ecdsa.VerifyASN1(signer.Public().(*ecdsa.PublicKey), digest[:], signature)
		},
		keys.RS256: func(signer crypto.Signer) bool {
			signature, err := signer.Sign(rand.Reader, digest[:], crypto.SHA256)
			return err == nil && rsa.VerifyPKCS1v15(signer.Public().(*rsa.PublicKey), crypto.SHA256, digest[:], signature) == nil
		},
		keys.PS256: func(signer crypto.Signer) bool {
			opts := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
			signature, err := signer.Sign(rand.Reader, digest[:], opts)
			return err == nil && rsa.VerifyPSS(signer.Public().(*rsa.PublicKey), crypto.SHA256, digest[:], signature, opts) == nil
		},
		keys.EdDSA: func(signer crypto.Signer) bool {
			signature, err := signer.Sign(rand.Reader, []byte("message"), crypto.Hash(0))
			return err == nil && ed25519.Verify(signer.Public().(ed25519.PublicKey), []byte("message"), signature)
		},
	} {
		signer, name := generate(t, token, algorithm)
		if !check(signer) {
			t.Errorf("%s: the signature does not verify", algorithm)
		}
		again, err := token.Find(t.Context(), algorithm, name)
		if err != nil || !check(again) {
			t.Errorf("%s, found again: %v", algorithm, err)
		}
	}
}

// A key is for one algorithm (RFC 8725 §3.1), and what is no digest is not signed.
func TestTheTokensKeysSignNothingElse(t *testing.T) {
	token := open(t)
	digest := sha256.Sum256(nil)
	pss := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
	for algorithm, opts := range map[string]crypto.SignerOpts{keys.RS256: pss, keys.PS256: crypto.SHA256, keys.EdDSA: crypto.SHA256, keys.ES256: crypto.SHA512} {
		signer, _ := generate(t, token, algorithm)
		if _, err := signer.Sign(rand.Reader, digest[:], opts); err == nil {
			t.Errorf("%s signs with %v", algorithm, opts)
		}
		if _, err := signer.Sign(rand.Reader, digest[:7], crypto.SHA256); err == nil {
			t.Errorf("%s signs seven bytes as a digest", algorithm)
		}
	}
	if _, _, err := token.Generate(t.Context(), "HS256"); err == nil {
		t.Error("a key for HS256 was made")
	}
}

// raw is the library beside our own use of it, for what a careless or hostile
// neighbour would do. The process shares its login.
func raw(t *testing.T) (*cryptoki.Ctx, cryptoki.SessionHandle) {
	t.Helper()
	lib := cryptoki.New(library) // not initialised: the token under test has done so for the process
	slots, err := lib.GetSlotList(true)
	if err != nil {
		t.Fatal(err)
	}
	for _, slot := range slots {
		if info, err := lib.GetTokenInfo(slot); err != nil || info.Label != label {
			continue
		}
		session, err := lib.OpenSession(slot, cryptoki.CKF_SERIAL_SESSION|cryptoki.CKF_RW_SESSION)
		if err != nil {
			t.Fatal(err)
		}
		return lib, session
	}
	t.Fatal("the token is not there")
	return nil, 0
}

func private(t *testing.T, lib *cryptoki.Ctx, session cryptoki.SessionHandle, name []byte) cryptoki.ObjectHandle {
	t.Helper()
	template := []*cryptoki.Attribute{cryptoki.NewAttribute(cryptoki.CKA_CLASS, cryptoki.CKO_PRIVATE_KEY), cryptoki.NewAttribute(cryptoki.CKA_ID, name)}
	if err := lib.FindObjectsInit(session, template); err != nil {
		t.Fatal(err)
	}
	handles, _, err := lib.FindObjects(session, 2)
	if err := errors.Join(err, lib.FindObjectsFinal(session)); err != nil || len(handles) != 1 {
		t.Fatalf("%v, %v", handles, err)
	}
	return handles[0]
}

func TestThePrivateKeyDoesNotLeaveTheToken(t *testing.T) {
	token := open(t)
	_, name := generate(t, token, keys.ES256)
	lib, session := raw(t)
	key := private(t, lib, session, name)
	value, err := lib.GetAttributeValue(session, key, []*cryptoki.Attribute{cryptoki.NewAttribute(cryptoki.CKA_VALUE, nil)})
	if !errors.Is(err, cryptoki.Error(cryptoki.CKR_ATTRIBUTE_SENSITIVE)) {
		t.Errorf("reading the private value: %v, %v", value, err)
	}
	for attribute, value := range map[uint]bool{cryptoki.CKA_EXTRACTABLE: true, cryptoki.CKA_SENSITIVE: false} {
		if err := lib.SetAttributeValue(session, key, []*cryptoki.Attribute{cryptoki.NewAttribute(attribute, value)}); err == nil {
			t.Errorf("the attribute %#x could be loosened", attribute)
		}
	}
	wrapping, err := lib.GenerateKey(session, []*cryptoki.Mechanism{cryptoki.NewMechanism(cryptoki.CKM_AES_KEY_GEN, nil)}, []*cryptoki.Attribute{
		cryptoki.NewAttribute(cryptoki.CKA_VALUE_LEN, 32), cryptoki.NewAttribute(cryptoki.CKA_WRAP, true), cryptoki.NewAttribute(cryptoki.CKA_TOKEN, false),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lib.WrapKey(session, []*cryptoki.Mechanism{cryptoki.NewMechanism(cryptoki.CKM_AES_KEY_WRAP_PAD, nil)}, wrapping, key); err == nil {
		t.Error("the private key was wrapped and taken out")
	}
}

// A key of our name that somebody put into the token, or that can be taken out of
// it, is not used.
func TestAKeyThatCouldLeaveTheTokenIsRefused(t *testing.T) {
	token := open(t)
	lib, session := raw(t)
	for says, loose := range map[string][]*cryptoki.Attribute{
		"taken out": {cryptoki.NewAttribute(cryptoki.CKA_SENSITIVE, true), cryptoki.NewAttribute(cryptoki.CKA_EXTRACTABLE, true)},
		"read":      {cryptoki.NewAttribute(cryptoki.CKA_SENSITIVE, false), cryptoki.NewAttribute(cryptoki.CKA_EXTRACTABLE, false)},
	} {
		name := []byte("loose " + says)
		half := func(class uint, more ...*cryptoki.Attribute) []*cryptoki.Attribute {
			return append([]*cryptoki.Attribute{
				cryptoki.NewAttribute(cryptoki.CKA_CLASS, class), cryptoki.NewAttribute(cryptoki.CKA_KEY_TYPE, cryptoki.CKK_EC),
				cryptoki.NewAttribute(cryptoki.CKA_TOKEN, true), cryptoki.NewAttribute(cryptoki.CKA_ID, name),
			}, more...)
		}
		p256 := []byte{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}
		_, _, err := lib.GenerateKeyPair(session, []*cryptoki.Mechanism{cryptoki.NewMechanism(cryptoki.CKM_EC_KEY_PAIR_GEN, nil)},
			half(cryptoki.CKO_PUBLIC_KEY, cryptoki.NewAttribute(cryptoki.CKA_EC_PARAMS, p256)),
			half(cryptoki.CKO_PRIVATE_KEY, append(loose, cryptoki.NewAttribute(cryptoki.CKA_SIGN, true), cryptoki.NewAttribute(cryptoki.CKA_PRIVATE, true))...))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := token.Find(t.Context(), keys.ES256, name); !errors.Is(err, pkcs11.ErrKey) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
		if err := token.Delete(t.Context(), name); err != nil {
			t.Error(err)
		}
		if _, err := token.Find(t.Context(), keys.ES256, name); !errors.Is(err, pkcs11.ErrKey) {
			t.Errorf("%s, deleted: %v", says, err)
		}
	}
}

func TestManySignAtOnceAndADroppedSessionIsOpenedAgain(t *testing.T) {
	token := open(t)
	signer, _ := generate(t, token, keys.ES256)
	digest := sha256.Sum256([]byte("x"))
	sign := func() {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 5 {
					signature, err := signer.Sign(rand.Reader, digest[:], crypto.SHA256)
					if err != nil || !ecdsa.VerifyASN1(signer.Public().(*ecdsa.PublicKey), digest[:], signature) {
						t.Errorf("a signature failed: %v", err)
						return
					}
				}
			})
		}
		all.Wait()
	}
	sign()
	lib, _ := raw(t)
	slots, err := lib.GetSlotList(true)
	if err != nil {
		t.Fatal(err)
	}
	for _, slot := range slots { // closing the last session logs out, as pulling the token does
		if err := lib.CloseAllSessions(slot); err != nil {
			t.Fatal(err)
		}
	}
	sign()
}

func TestAWrongTokenOrPINIsSaid(t *testing.T) {
	if library == "" {
		t.Skip("no SoftHSM")
	}
	for says, o := range map[string]pkcs11.Options{
		"not there":         {Module: "/nonexistent.so", Token: label, PIN: pin},
		"have that label":   {Module: library, Token: "another", PIN: pin},
		"is the PIN right?": {Module: library, Token: label, PIN: "00000"},
	} {
		token, err := pkcs11.Open(o)
		if err == nil {
			_ = token.Close()
		}
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), pin) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

// The ring over a token: two nodes, a rotation, a withdrawal; nothing of a private
// key in the database.
func TestARingKeepsItsKeysInTheToken(t *testing.T) {
	token := open(t)
	db, clock := storagetest.SQLite(t), storagetest.NewClock()
	master := sha256.Sum256([]byte("master"))
	sealer, err := storage.NewSealer(master[:])
	if err != nil {
		t.Fatal(err)
	}
	deps := keys.Deps{
		DB: db, Sealer: sealer, Journal: journal.New(journal.Deps{DB: db, Now: clock.Now}), Now: clock.Now,
		Token: token, Poll: time.Hour, Overlap: time.Hour,
	}
	node := func() *keys.Ring {
		ring, err := keys.Open(t.Context(), deps)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(ring.Close)
		return ring
	}
	first, second := node(), node()
	for _, algorithm := range keys.Algorithms() {
		a, errA := first.Signing(algorithm)
		b, errB := second.Signing(algorithm)
		if errA != nil || errB != nil || a.ID != b.ID {
			t.Fatalf("%s: %s and %s, %v, %v", algorithm, a.ID, b.ID, errA, errB)
		}
		jws, err := second.Sign(algorithm, keys.TypeAccessToken, []byte(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		public, _, _ := first.Public(a.ID)
		parsed, err := jose.ParseSignedCompact(jws, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parsed.Verify(public); err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
	infos, err := first.List(t.Context())
	if err != nil || len(infos) != 4 || infos[0].Store != "token" {
		t.Fatalf("%+v, %v", infos, err)
	}
	stolen, _ := first.Signing(keys.ES256)
	if err := first.Withdraw(t.Context(), stolen.ID); err != nil {
		t.Fatal(err)
	}
	if fresh, err := first.Signing(keys.ES256); err != nil || fresh.ID == stolen.ID {
		t.Errorf("after the withdrawal %s signs, %v", fresh.ID, err)
	}
	if _, err := first.Import(t.Context(), keys.ES256, []byte("-----BEGIN PRIVATE KEY-----")); err == nil {
		t.Error("a key from a file was taken")
	}
	deps.Token = nil
	if _, err := keys.Open(t.Context(), deps); !errors.Is(err, keys.ErrToken) {
		t.Errorf("without the token: %v", err)
	}
}
