package power

import (
	"testing"

	"propusk/cabinet/api"
)

// The part of a form is read as strictly as a body: what two readers could read
// differently is refused.
func TestWhatAPaperDoesIsReadStrictly(t *testing.T) {
	t.Parallel()
	for text, code := range map[string]string{
		`{"form":"notarial","powers":["CAB_EXTRACTS"]}`: "",
		`{"form":"notarial","form":"simple"}`:           "validation_failed",
		`{"Form":"notarial"}`:                           "validation_failed",
		`{"form":"notarial","until_when":"2027-01-01"}`: "validation_failed",
		`{"form":"notarial"} {}`:                        "validation_failed",
		`[]`:                                            "validation_failed",
		`{"form":7}`:                                    "validation_failed",
		"{\"form\":\"\xff\"}":                           "validation_failed",
	} {
		_, err := readNewPower([]byte(text))
		got := ""
		if err != nil {
			got = api.AsRefusal(err).Code()
		}
		if got != code {
			t.Errorf("%q: %q (%v), want %q", text, got, err, code)
		}
	}
}
