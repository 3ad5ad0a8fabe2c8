package signature

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"
)

func TestDecodeReadsWhatProgramsWrite(t *testing.T) {
	t.Parallel()
	der := append([]byte{0x30, 0x82, 0x01, 0x00}, bytes.Repeat([]byte{0xab}, 256)...)
	bare := base64.StdEncoding.EncodeToString(der)
	for name, file := range map[string][]byte{
		"DER":                   der,
		"base64":                []byte(bare),
		"base64 in lines":       []byte(bare[:64] + "\r\n" + bare[64:] + "\r\n"),
		"base64 after a BOM":    []byte("\ufeff" + bare),
		"PEM of openssl":        pem.EncodeToMemory(&pem.Block{Type: "CMS", Bytes: der}),
		"PEM of openssl smime":  pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: der}),
		"PEM of CryptoPro":      pem.EncodeToMemory(&pem.Block{Type: "SIGNATURE", Bytes: der}),
		"PEM with space around": append([]byte("\n\n"), append(pem.EncodeToMemory(&pem.Block{Type: "CMS", Bytes: der}), "\n \n"...)...),
	} {
		if got := Decode(file); !bytes.Equal(got, der) {
			t.Errorf("%s: %x", name, got)
		}
	}
}

func TestDecodeLeavesTheRestToTheFormatCheck(t *testing.T) {
	t.Parallel()
	block := pem.EncodeToMemory(&pem.Block{Type: "CMS", Bytes: []byte{0x30, 0}})
	for name, file := range map[string][]byte{
		"nothing":                   nil,
		"space":                     []byte(" \n"),
		"prose":                     []byte("Здравствуйте"),
		"base64 with loose bits":    []byte("MAB="),
		"two blocks":                append(bytes.Clone(block), block...),
		"something after the block": append(bytes.Clone(block), "more"...),
		"a certificate":             pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{0x30, 0}}),
		"more than an upload":       []byte(strings.Repeat("M", MaxUpload+1)),
	} {
		if got := Decode(file); !bytes.Equal(got, file) {
			t.Errorf("%s: %x", name, got)
		}
	}
}

// The largest signature fits into an upload in every form.
func TestTheLargestSignatureFitsIntoAnUpload(t *testing.T) {
	t.Parallel()
	der := append([]byte{0x30}, make([]byte, MaxSignature-1)...)
	block := pem.EncodeToMemory(&pem.Block{Type: "PKCS #7 SIGNED DATA", Bytes: der})
	if len(block) > MaxUpload {
		t.Fatalf("%d bytes of PEM, at most %d", len(block), MaxUpload)
	}
	if got := Decode(block); !bytes.Equal(got, der) {
		t.Errorf("%d bytes came back", len(got))
	}
}

// FuzzDecode: whatever comes, the outcome is the file itself or something
// shorter, and decoding what was decoded changes nothing.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"", "0", "MAA=", "\ufeffMAA=", "-----BEGIN CMS-----\nMAA=\n-----END CMS-----\n", "привет"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		got := Decode(file)
		if !bytes.Equal(got, file) && len(got) >= len(file) {
			t.Errorf("%d bytes became %d", len(file), len(got))
		}
		if len(got) > 0 && got[0] == sequence && !bytes.Equal(Decode(got), got) {
			t.Errorf("DER was decoded again: %x", got)
		}
	})
}
