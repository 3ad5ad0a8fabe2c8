package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"propusk/conf"
	"propusk/idp/keys"
)

func TestKeyCommands(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "old.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	var made map[string]string
	c.json(&made, "key", "import", "EdDSA", file)
	var list []keys.Info
	c.json(&list, "key", "list")
	stations := map[string]keys.Status{}
	for _, info := range list {
		stations[info.ID] = info.Status
		if info.Store != "database" {
			t.Errorf("%s lies in %s", info.ID, info.Store)
		}
	}
	if stations[made["kid"]] != keys.Next || len(list) != 5 {
		t.Errorf("the keys are %+v", list)
	}
	c.refused("PKCS #8", "key", "import", "EdDSA", c.config)
	c.refused("does not sign", "key", "import", "ES256", file)
	c.refused("no such file", "key", "import", "ES256", "/nonexistent.pem")
	c.json(&made, "key", "withdraw", made["kid"])
	if c.json(&list, "key", "list"); len(list) != 4 {
		t.Errorf("%d keys after the withdrawal", len(list))
	}
}

// A token that is configured and cannot be had is an error at start: keys made
// elsewhere instead would end every session of every application.
func TestAConfiguredTokenThatIsNotThereIsSaid(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	text, err := os.ReadFile(c.config)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, "keys: {pkcs11: {module: /nonexistent.so, token: t, pin_file: "+c.config+".pin}}\n"...)
	if err := os.WriteFile(c.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	c.refused("PIN", "key", "list")
	if err := os.WriteFile(c.config+".pin", []byte("1234\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.refused("PKCS #11", "key", "list")
	if pin, err := tokenPIN(conf.PKCS11{PINFile: c.config + ".pin"}); err != nil || pin != "1234" {
		t.Errorf("%q, %v", strings.TrimSpace(pin), err)
	}
}
