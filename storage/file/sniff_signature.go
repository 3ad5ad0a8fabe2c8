package file

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"io"
	"slices"
)

// maxSignature bounds a signature file, in bytes: certificates, a stamp and
// revocation data in base64 fit many times over.
const maxSignature = 1 << 20

// signedData is the object identifier 1.2.840.113549.1.7.2 as it stands in DER:
// ContentInfo begins with it (RFC 5652 §3).
var signedData = []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02}

// pemLabels are those that programs give to a CMS (RFC 7468 §8, §9).
var pemLabels = []string{"CMS", "PKCS7", "PKCS #7 SIGNED DATA", "SIGNATURE"}

// isSignature recognises CMS SignedData in DER (or BER), PEM or bare base64.
func isSignature(r io.ReaderAt, size int64, head []byte) bool {
	if size > maxSignature {
		return false
	}
	if head[0] == 0x30 && beginsSignedData(head) {
		return true
	}
	head = bytes.TrimLeft(bytes.TrimPrefix(head, utf8Mark), " \t\r\n")
	if !bytes.HasPrefix(head, []byte("-----BEGIN ")) && !bytes.HasPrefix(head, []byte("M")) { // 0x30 begins with "M" in base64
		return false
	}
	text, err := io.ReadAll(io.NewSectionReader(r, 0, size))
	if err != nil {
		return false
	}
	return beginsSignedData(unarmour(bytes.TrimSpace(bytes.TrimPrefix(text, utf8Mark))))
}

// unarmour takes PEM or base64 off, nil when it is neither.
func unarmour(text []byte) []byte {
	if block, rest := pem.Decode(text); block != nil {
		if len(bytes.TrimSpace(rest)) > 0 || !slices.Contains(pemLabels, block.Type) {
			return nil
		}
		return block.Bytes
	}
	der, err := base64.StdEncoding.Strict().DecodeString(string(bytes.Join(bytes.Fields(text), nil)))
	if err != nil {
		return nil
	}
	return der
}

// beginsSignedData looks behind the outer SEQUENCE's length of any form (X.690
// §8.1.3).
func beginsSignedData(der []byte) bool {
	if len(der) < 2 || der[0] != 0x30 {
		return false
	}
	skip := 2
	if length := der[1]; length > 0x80 {
		skip += int(length & 0x7f)
	}
	return skip <= 6 && len(der) > skip && bytes.HasPrefix(der[skip:], signedData)
}
