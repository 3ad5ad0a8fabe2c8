package file

import (
	"context"
	"io"
)

// Scanner looks for viruses. ClamAV is the body for clamd.
type Scanner interface {
	// Scan reads r to its end and returns the name of the virus, "" for none. The
	// error means that nothing was found out: the scanner is away, or would not
	// look at something so large.
	Scan(ctx context.Context, r io.Reader) (virus string, err error)
}
