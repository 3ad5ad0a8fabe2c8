package request

import (
	"encoding/base64"
	"encoding/pem"
	"strings"
)

// DER reads a signature as programs and the page's script write it: DER, PEM or
// base64. What is none of them comes back as it is, for the API to refuse.
func DER(signature []byte) []byte {
	if block, _ := pem.Decode(signature); block != nil {
		return block.Bytes
	}
	if der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(signature)), "")); err == nil && len(der) > 0 {
		return der
	}
	return signature
}
