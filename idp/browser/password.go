package browser

import (
	"errors"

	"propusk/idp/directory"
	"propusk/idp/pages"
)

// passwordKeys are the messages for the objections of idp/factor to a new
// password.
var passwordKeys = map[string]string{
	"password_short":    "error.password_short",
	"password_long":     "error.password_long",
	"password_personal": "error.password_personal",
	"password_common":   "error.password_weak",
	"password_same":     "error.password_used",
	"password_used":     "error.password_used",
	"password_breached": "browser.password_breached",
	"password_upper":    "browser.password_upper",
	"password_lower":    "browser.password_lower",
	"password_digit":    "browser.password_digit",
	"password_special":  "browser.password_special",
	"password_spaces":   "browser.password_spaces",
}

// PasswordErrors says what is wrong with a new password, at the field
// `password`; nil when err is about something else.
func PasswordErrors(err error) (errs []pages.FieldError) {
	var faults directory.FieldErrors
	if !errors.As(err, &faults) {
		return nil
	}
	for _, f := range faults {
		if key, known := passwordKeys[f.Code]; known {
			args := map[string]any{"Min": f.Args["min"], "Max": f.Args["max"]}
			errs = append(errs, pages.FieldError{Field: "password", Key: key, Args: args})
		}
	}
	return errs
}
