package egrul

import (
	"context"
	"io"
)

// ReadLimited is Read with other bounds on a record, so that a test need not fill
// all of it.
func ReadLimited(ctx context.Context, r io.Reader, bytes int64, elements int, each Each) error {
	return read(ctx, r, bounds{bytes, elements}, each)
}
