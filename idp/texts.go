package idp

import "embed"

// The few texts that only this package says; the kit has the others.
//
//go:embed translations
var translationFiles embed.FS
