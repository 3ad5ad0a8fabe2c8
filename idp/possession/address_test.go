package possession

import "testing"

// What is taken for equal without being taken apart is what is equal when it is.
func TestEqualAddressesAreNormalisedOnes(t *testing.T) {
	t.Parallel()
	for address, plain := range map[string]bool{
		"https://id.example/oauth2/token":       true,
		"http://localhost:8080/oauth2/par":      true,
		"https://id.example/":                   true,
		"https://id.example/v1/a-b_c.d/E":       true,
		"https://id.example":                    false,
		"https:///oauth2/token":                 false,
		"https://a@id.example/oauth2/token":     false,
		"https://id.example:x/oauth2/token":     false,
		"https://[::1]/oauth2/token":            false,
		"https://ID.example/oauth2/token":       false,
		"https://id.example/../token":           false,
		"https://id.example/a/./token":          false,
		"https://id.example/.well-known/x":      false,
		"https://id.example/a%2Fb":              false,
		"https://id.example/token?a=b":          false,
		"https://id.example/token#f":            false,
		"ftp://id.example/oauth2/token":         false,
		"oauth2/token":                          false,
		"https://id.example\\@evil.example/tok": false,
	} {
		if written(address) != plain {
			t.Errorf("%s is plainly normal: %v", address, !plain)
		}
		if _, ok := normalised(address); plain && !(ok && sameEndpoint(address, address)) {
			t.Errorf("%s is taken for itself, and normalised refuses it", address)
		}
	}
}
