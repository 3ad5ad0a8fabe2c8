-- Applications that register themselves or belong to an organisation (idp/client).

-- +goose Up

-- secret_terms: JSON object, from the hash of a secret to when it was made and when
-- it ends; a secret without a term never ends.
ALTER TABLE oauth_clients ADD COLUMN secret_terms TEXT NOT NULL DEFAULT '{}';
-- warn_at: when the owner is to hear next that a secret or a key ends; 0 = never.
ALTER TABLE oauth_clients ADD COLUMN warn_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX oauth_clients_warn ON oauth_clients (warn_at);
CREATE INDEX oauth_clients_owned ON oauth_clients (organisation_id, id);

-- When a client last proved who it is. A row of its own: it changes all day, and
-- nothing waits for it.
CREATE TABLE client_uses (
    client_id TEXT   NOT NULL PRIMARY KEY,
    used_at   BIGINT NOT NULL
);

-- The registration access token of a client that registered itself (RFC 7592 §3), by
-- its hash. bounds: JSON, what the client may have, also when it changes itself.
CREATE TABLE client_registrations (
    client_id  TEXT   NOT NULL PRIMARY KEY,
    token_hash TEXT   NOT NULL,
    bounds     TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);

-- Initial access tokens (RFC 7591 §3). bounds: JSON, what clients registered with the
-- token may have.
CREATE TABLE initial_access_tokens (
    id              TEXT   NOT NULL PRIMARY KEY,
    token_hash      TEXT   NOT NULL UNIQUE,
    name            TEXT   NOT NULL,
    organisation_id TEXT   NOT NULL, -- '' = the clients belong to no organisation
    bounds          TEXT   NOT NULL,
    uses_left       BIGINT NOT NULL, -- -1 = any number
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    used_at         BIGINT NOT NULL  -- 0 = never
);
CREATE INDEX initial_access_tokens_expires ON initial_access_tokens (expires_at);

-- +goose Down
DROP TABLE initial_access_tokens;
DROP TABLE client_registrations;
DROP TABLE client_uses;
DROP INDEX oauth_clients_owned;
DROP INDEX oauth_clients_warn;
ALTER TABLE oauth_clients DROP COLUMN warn_at;
ALTER TABLE oauth_clients DROP COLUMN secret_terms;
