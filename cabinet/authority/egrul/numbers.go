package egrul

import (
	"regexp"

	"propusk/idp/directory"
)

var (
	grnForm    = regexp.MustCompile(`^([0-9]{13}|[0-9]{15})$`)
	okvedForm  = regexp.MustCompile(`^[0-9]{2}(\.[0-9]{1,2}(\.[0-9]{1,2})?)?$`)
	officeForm = regexp.MustCompile(`^[0-9]{4}$`)
	regionForm = regexp.MustCompile(`^[0-9]{2}$`)
	postalForm = regexp.MustCompile(`^[0-9]{6}$`)
	statusForm = regexp.MustCompile(`^[0-9]{3}$`)
	emailForm  = regexp.MustCompile(`^[^@\s]{1,64}@[^@\s]{1,255}$`)
	fundForm   = regexp.MustCompile(`^[0-9-]{5,20}$`)
	shareForm  = regexp.MustCompile(`^[0-9]{1,3}([.,][0-9]{1,12})?$`)
	countForm  = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)
)

func validGRN(s string) bool { return grnForm.MatchString(s) }

// validOGRN takes what names an organisation of either kind, as founders and
// successors are named.
func validOGRN(s string) bool { return directory.ValidOGRN(s) || directory.ValidOGRNIP(s) }
