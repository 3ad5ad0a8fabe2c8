// Package integration is the pages of programs that work for the organisation: its own
// clients of the API with their secrets and keys, webhooks with their deliveries, and
// how to try it all against the sandbox.
//
//	/cabinet/integrations                          what is connected
//	/cabinet/integrations/webhooks/{id}            one webhook: its deliveries, test, replay, secret
//	/cabinet/integrations/webhooks/{id}/deliveries one delivery: body, attempts, answers
//	/cabinet/integrations/sandbox                  how to try without consequences
//
// A secret is drawn in the answer to the form that made it, once, and never kept. The
// package is a client of the API's rooms webhook and client.
package integration
