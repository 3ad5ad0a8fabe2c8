package signature

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"slices"
)

// MaxUpload bounds what Decode is given, in bytes: MaxSignature in base64, with
// line ends and a PEM frame.
const MaxUpload = MaxSignature/3*4 + MaxSignature/16 + 1024

// pemTypes are the labels that programs give to a CMS (RFC 7468 §8, §9).
var pemTypes = []string{"CMS", "PKCS7", "PKCS #7 SIGNED DATA", "SIGNATURE"}

// sequence is the first byte of every DER file (X.690 §8.1.2); as a letter it is
// "0", with which no base64 of such a file begins.
const sequence = 0x30

// Decode returns the DER of a signature file as programs write it: DER itself,
// PEM, or bare base64 with or without line ends. Whatever else it is given comes
// back as it is, for the check "format" to say what is wrong with it.
func Decode(file []byte) []byte {
	if len(file) > MaxUpload || len(file) > 0 && file[0] == sequence {
		return file
	}
	text := bytes.TrimSpace(bytes.TrimPrefix(file, []byte("\ufeff")))
	if block, rest := pem.Decode(text); block != nil {
		if len(bytes.TrimSpace(rest)) == 0 && slices.Contains(pemTypes, block.Type) {
			return block.Bytes
		}
		return file
	}
	der, err := base64.StdEncoding.Strict().DecodeString(string(bytes.Join(bytes.Fields(text), nil)))
	if err != nil || len(der) == 0 {
		return file
	}
	return der
}
