-- What sender-constrained tokens, withdrawn consents and back-channel logout
-- need to know.

-- +goose Up

-- Whose the code is, so that a withdrawn consent takes unspent ones along.
ALTER TABLE oauth_codes ADD COLUMN person_id TEXT NOT NULL DEFAULT '';

-- The key or certificate that a public client's refresh token is bound to (RFC
-- 8705 §4, RFC 9449 §5): the claim cnf as JSON; '' = none.
ALTER TABLE oauth_grants ADD COLUMN confirmation TEXT NOT NULL DEFAULT '';

-- Which applications learnt of a session by an ID token, and so must be told of
-- its end (OpenID Connect Back-Channel Logout 1.0 §2). It outlives the grants,
-- for a token that was revoked before signs nobody out there.
CREATE TABLE oauth_logins (
    session_id TEXT   NOT NULL,
    client_id  TEXT   NOT NULL,
    person_id  TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (session_id, client_id)
);
CREATE INDEX oauth_logins_client ON oauth_logins (client_id);
CREATE INDEX oauth_logins_created ON oauth_logins (created_at);

-- +goose Down
DROP TABLE oauth_logins;
ALTER TABLE oauth_grants DROP COLUMN confirmation;
ALTER TABLE oauth_codes DROP COLUMN person_id;
