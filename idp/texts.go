package idp

import "embed"

// The pages and the few texts that only this package has; the kit has the others.
//
//go:embed templates translations
var translationFiles embed.FS
