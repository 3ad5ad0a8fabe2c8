// Package client is the cabinet API for Go programs: one method for each operation,
// one type for each thing, generated from the description that the server serves
// at /v1/openapi.json (`make client`). What the server refuses comes as a Problem
// (RFC 9457) in ApplicationProblemJSONDefault, with the code that says why.
//
// It knows nothing else of this repository, and it does not fetch tokens: give it an
// http.Client that adds them, such as golang.org/x/oauth2's.
//
//	source := clientcredentials.Config{ClientID: id, ClientSecret: secret, TokenURL: issuer + "/oauth2/token"}
//	api, err := client.NewClientWithResponses(issuer, client.WithHTTPClient(source.Client(ctx)))
//	answer, err := api.ListFilingsWithResponse(ctx, &client.ListFilingsParams{})
//
// client.gen.go is made by a program: change the description or overlay.yaml, never
// the file.
package client
