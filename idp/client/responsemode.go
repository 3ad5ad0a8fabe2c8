package client

import (
	"slices"
	"strings"
)

// ResponseModes are how an authorization response can reach an application (OAuth 2.0
// Multiple Response Type Encoding Practices §2.1, Form Post Response Mode, JARM §2.3).
// One that ends with jwt means a signed response; jwt alone is query.jwt, as the
// response type is code.
func ResponseModes() []string {
	return []string{"query", "form_post", "query.jwt", "fragment.jwt", "form_post.jwt", "jwt"}
}

// Answerable are the response modes by which the client may be answered, in the order of
// ResponseModes: those that it registered, and signed ones alone where its profile signs
// messages (FAPI 2.0 Message Signing §5.3.3, §5.4.1). There is always one.
func (c *Client) Answerable() []string {
	return slices.DeleteFunc(ResponseModes(), func(mode string) bool {
		chosen := len(c.ResponseModes) == 0 || slices.Contains(c.ResponseModes, mode)
		return !chosen || c.SignsMessages() && !strings.HasSuffix(mode, "jwt")
	})
}

func (c *Client) validateResponseModes(f *faults) {
	for i, mode := range c.ResponseModes {
		if !slices.Contains(ResponseModes(), mode) || slices.Contains(c.ResponseModes[:i], mode) {
			f.add("response_modes", "%.40q is unknown, or there twice; there are %s", mode, strings.Join(ResponseModes(), ", "))
		}
	}
	if len(c.Answerable()) == 0 {
		f.add("response_modes", "the profile %s wants signed responses: name one that ends with jwt", c.Profile)
	}
}
