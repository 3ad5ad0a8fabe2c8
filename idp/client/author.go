package client

import "context"

// Author is who changes a client, for the journal. The zero value is an operator at
// the command line.
type Author struct{ PersonID, ClientID string }

type authorKey struct{}

// By is the context in which changes are an author's.
func By(ctx context.Context, a Author) context.Context { return context.WithValue(ctx, authorKey{}, a) }

func authorOf(ctx context.Context) Author {
	a, _ := ctx.Value(authorKey{}).(Author)
	return a
}
