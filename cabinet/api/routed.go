package api

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"
)

// Routed says in our words what the router refuses by itself: an address that nothing
// has, a method that the address does not take. Other errors stay as they are.
func Routed(err error) error {
	if known, ok := errors.AsType[*echo.HTTPError](err); ok {
		switch known.Code {
		case http.StatusNotFound:
			return Refuse("not_found")
		case http.StatusMethodNotAllowed:
			return Refuse("method_not_allowed")
		}
	}
	return err
}
