// Package oauth is the authorization server without its pages: OAuth 2.0 (RFC
// 6749) and OpenID Connect Core 1.0 on fosite, which nothing outside this
// package imports.
//
// It owns clients, authorization codes, grants and their refresh tokens,
// consents, and the making and reading of tokens. It must not know how people
// prove who they are, what pages look like or which route leads where: idp gives
// it requests and approvals.
//
// # The way of a code
//
//	Push        or not: the request comes from the client and waits under a reference
//	Authorize   reference or signed object unpacked; client, redirect URI, PKCE,
//	            scopes → AuthorizationRequest, kept by idp
//	            (the person signs in, chooses the organisation, consents)
//	Issue       Approval → a code and, under its hash, the grant that it begins
//	            (pending.go); answered by query, form post or as a signed JWT
//	Token       one transaction: code spent, so the grant begun, and its owner read anew;
//	            then the tokens are signed, or the beginning is taken back
//	Token       refresh: the grant moves on by one generation, owner read anew
//
// Other ways to a token: a device's and the backchannel's requests wait for a person
// elsewhere (waiting.go, device.go, ciba.go) and become a grant with the poll that
// fetches them; token exchange makes tokens of tokens by a table of its own
// (exchange.go); a client's assertion does what its credentials do (bearer.go).
//
// # What is ours and what is fosite's
//
// fosite parses authorization requests, issues codes and drives refresh (provider.go
// shows all of its configuration). Ours, because fosite's does not
// do what we need: client authentication (clientauth.go: one method a client,
// SHA-256 instead of bcrypt; assertion.go, certificate.go), the parsing of
// requests (parameters.go: nothing twice, nothing from the query; pushed.go,
// requestobject.go), how they are answered (responsemode.go), what tokens are
// bound to (confirm.go), client credentials (credentials.go), the redeeming of codes
// (redeem.go), refresh (refresh.go), tokens (tokens.go),
// introspection, revocation, and every answer that is written. The faults of
// fosite v0.49 that this package is proof against are listed, each with its test,
// in faults_test.go.
//
// # Where we leave the specifications
//
// Stricter than they are:
//
//   - redirect_uri is always required, and http is for loopback addresses only
//     (RFC 6749 §3.1.2.3 lets a single registered URI be left out).
//
//   - PKCE with S256 is required of every client (RFC 7636 leaves it open;
//     RFC 9700 §2.1.1 wants it).
//
//   - An authorization request without scope is refused with invalid_scope (RFC
//     6749 §3.3 allows either). Client credentials without scope get all that
//     the client may have for itself.
//
//   - A confidential client uses the one method it is registered with, also at
//     introspection and revocation; a server must accept HTTP Basic from any
//     client with a password (RFC 6749 §2.3.1), ours only from those registered
//     for it, as OpenID Connect Registration §2 has it.
//
//   - request_uri is ours (pushed) or refused: no address of a stranger is asked
//     for a request. registration is refused instead of ignored.
//
//   - A request object must have iss, aud and exp, at most an hour after nbf, or from
//     now without one (RFC 9101 §4 says SHOULD). What stands outside it does not count.
//
//   - aud of a client assertion is the issuer alone (RFC 7523 §3 would take the
//     token endpoint's address, too; FAPI 2.0 Security Profile §5.3.2.1 does not).
//
//   - The subject of a certificate is compared as it is written, where RFC 8705
//     §2.1.2 lets RFC 4517 forget case and spaces. A wildcard in it names no
//     client, and one that has expired authenticates nobody, self-signed or not.
//
//   - A DPoP proof at the token endpoint, at the pushing of a request and at
//     userinfo needs a nonce of ours (RFC 9449 §8 leaves it open).
//
//   - RS256 signs no DPoP proof, whatever the client's profile (FAPI 2.0 Security
//     Profile §5.4.1): a resource server does not know it.
//
//   - resource may name the one audience of our tokens (RFC 8707).
//
//   - A new password ends the grants of sign-ins with the one before, at their
//     next refresh (RFC 9700 §4.14.2 says MAY).
//
//   - A code that comes back after it was spent ends its grant whichever client
//     brings it (RFC 6749 §4.1.2 says SHOULD). A request that had begun before
//     the code was spent only lost a race, and ends nothing.
//
//   - An authorization by device or backchannel always shows the consent page, to
//     first-party clients' people too (RFC 8628 §5.4 leaves it open).
//
//   - login_hint names people to the client of an organisation only when they act
//     for it, and unknown ones are answered like known ones: unknown_user_id (CIBA
//     §13) would tell who has an account. login_hint_token, user_code and the
//     delivery mode push are refused. binding_message takes plain characters.
//
//   - Token exchange knows three exchanges and no impersonation (RFC 8693 §1.1);
//     tokens of other types and of other issuers are not exchanged.
//
//   - The JWT bearer grant takes a client's own assertions about itself (RFC 7523 §3
//     lets an issuer speak for others).
//
// Laxer, or different:
//   - A service that acts by power of attorney keeps its client_id as sub, with act
//     naming the client and its organisation (RFC 8693 §4.1 has the subject there on
//     whose behalf is acted: that is the claim org here).
//   - state may be left out, since PKCE binds the answer to its request (RFC
//     9700 §4.7.1); fosite wants eight characters.
//   - The refresh token used last may be used again within the grace window and
//     gives the same successor (RFC 9700 §4.14.2 describes rotation without).
//   - The parameter organization, at authorize, refresh and client credentials,
//     is ours. At refresh it moves the grant to another organisation. One that
//     cannot be had is invalid_target (RFC 8707 §2); one that needs a stronger
//     sign-in is interaction_required, which OpenID Connect Core §3.1.2.6
//     defines for the authorization endpoint only.
//   - The scope offline_access needs no prompt=consent (Core §11); whether the
//     person is asked is the sign-in's business. Refresh tokens go to every
//     client with the grant type refresh_token; offline_access lets the grant
//     outlive the session, and its access tokens have no sid.
//   - The userinfo endpoint takes access tokens whose aud is the API (RFC 9068
//     §4 would want its own URL there), as it belongs to their issuer.
//   - Whether the certificate of a tls_client_auth client has been revoked is not
//     asked of its authority (RFC 8705 §7.3 leaves it to policy): disabling the
//     client works at once, and for every certificate that names it.
//   - ID tokens are signed with ES256 unless the client asks otherwise (OpenID
//     Connect Registration §2 defaults to RS256, which is on offer).
package oauth
