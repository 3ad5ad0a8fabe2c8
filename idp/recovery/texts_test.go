package recovery

import (
	"testing"

	"propusk/idp/browser/browsertest"
)

func TestTextsAreWhole(t *testing.T) {
	t.Parallel()
	browsertest.WholeTexts(t, files, "recovery")
}
