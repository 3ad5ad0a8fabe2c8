package desk

import (
	"net/http"

	"propusk/idp/pages"
)

// Mendable is Faults for what whoever filled the form in can mend: a missing right
// comes back as the error that it is, for the page that says whom to ask.
func (v *Visit) Mendable(err error, fields ...string) (int, []pages.FieldError, error) {
	if problem := AsProblem(err); problem != nil && problem.Status == http.StatusForbidden {
		return 0, nil, err
	}
	return v.Faults(err, fields...)
}
