package registration

import (
	"testing"

	"propusk/idp/browser/browsertest"
	"propusk/idp/directory"
)

func TestTextsAreWhole(t *testing.T) {
	t.Parallel()
	texts := browsertest.WholeTexts(t, files, "registration")
	for _, level := range []directory.Level{directory.LevelSimplified, directory.LevelStandard, directory.LevelConfirmed} {
		for _, opening := range level.Opens() {
			if key := "registration.opens." + string(opening); texts[key] == nil {
				t.Errorf("%s has no words", key)
			}
		}
	}
}
