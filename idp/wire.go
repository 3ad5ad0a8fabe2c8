package idp

import (
	"net/url"
)

// dispatcher is where every step goes back to.
func dispatcher(a *attempt) string {
	return "/signin?" + url.Values{"request": {a.ID}}.Encode()
}
