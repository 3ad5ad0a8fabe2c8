-- How far grants reach, and which claims were asked for.

-- +goose Up

-- Authorization details (RFC 9396) as a JSON array, '' = none: of what was granted,
-- and of what the person has allowed before.
ALTER TABLE oauth_grants ADD COLUMN details TEXT NOT NULL DEFAULT '';
ALTER TABLE oauth_consents ADD COLUMN details TEXT NOT NULL DEFAULT '';

-- The claims parameter of the authorization request (OpenID Connect Core §5.5), in
-- the form that tokens and userinfo go by; '' = none.
ALTER TABLE oauth_grants ADD COLUMN claims TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE oauth_grants DROP COLUMN claims;
ALTER TABLE oauth_consents DROP COLUMN details;
ALTER TABLE oauth_grants DROP COLUMN details;
