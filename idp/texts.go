package idp

import (
	"embed"
	"fmt"
	"io/fs"

	"propusk/idp/pages"
)

// The few texts that only this package says; the kit has the others.
//
//go:embed translations
var translationFiles embed.FS

// ownTexts adds them to the kit.
func ownTexts(kit *pages.Kit) (*pages.Kit, error) {
	texts, err := fs.Sub(translationFiles, "translations")
	if err != nil {
		return nil, fmt.Errorf("idp: open the texts: %w", err)
	}
	extended, err := kit.Extend(embed.FS{}, texts)
	if err != nil {
		return nil, fmt.Errorf("idp: add the texts: %w", err)
	}
	return extended, nil
}
