-- What idp/oauth keeps.

-- +goose Up

-- metadata: the client as JSON, with the names of RFC 7591.
-- secret_hashes: JSON array of hex SHA-256, the newest first.
CREATE TABLE oauth_clients (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL, -- '' = the house's
    metadata        TEXT   NOT NULL,
    secret_hashes   TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);
CREATE INDEX oauth_clients_organisation ON oauth_clients (organisation_id);

-- An authorization code, by the hex SHA-256 of the code. grant_facts: the grant
-- that spending the code makes. form: what the token request is checked against.
CREATE TABLE oauth_codes (
    signature   TEXT   NOT NULL PRIMARY KEY,
    client_id   TEXT   NOT NULL,
    session_id  TEXT   NOT NULL,
    grant_facts TEXT   NOT NULL,
    form        TEXT   NOT NULL,
    expires_at  BIGINT NOT NULL,
    spent_at    BIGINT NOT NULL  -- 0 = not yet
);
CREATE INDEX oauth_codes_session ON oauth_codes (session_id);
CREATE INDEX oauth_codes_expires ON oauth_codes (expires_at);

-- What a person allowed a client: one row a family of refresh tokens. The
-- tokens themselves are derived from id and generation and kept nowhere.
CREATE TABLE oauth_grants (
    id              TEXT    NOT NULL PRIMARY KEY,
    client_id       TEXT    NOT NULL,
    person_id       TEXT    NOT NULL,
    session_id      TEXT    NOT NULL,
    organisation_id TEXT    NOT NULL, -- '' = none
    scope           TEXT    NOT NULL,
    acr             TEXT    NOT NULL,
    amr             TEXT    NOT NULL, -- JSON array
    auth_time       BIGINT  NOT NULL,
    offline         BOOLEAN NOT NULL, -- outlives the session
    generation      BIGINT  NOT NULL, -- of the refresh token that is good now
    rotated_at      BIGINT  NOT NULL,
    created_at      BIGINT  NOT NULL,
    expires_at      BIGINT  NOT NULL,
    ended_at        BIGINT  NOT NULL, -- 0 = alive
    ended_because   TEXT    NOT NULL
);
CREATE INDEX oauth_grants_session ON oauth_grants (session_id);
CREATE INDEX oauth_grants_person ON oauth_grants (person_id);
CREATE INDEX oauth_grants_client ON oauth_grants (client_id);
CREATE INDEX oauth_grants_expires ON oauth_grants (expires_at);

CREATE TABLE oauth_consents (
    person_id       TEXT   NOT NULL,
    client_id       TEXT   NOT NULL,
    organisation_id TEXT   NOT NULL, -- '' = none
    scope           TEXT   NOT NULL,
    updated_at      BIGINT NOT NULL,
    PRIMARY KEY (person_id, client_id, organisation_id)
);
CREATE INDEX oauth_consents_client ON oauth_consents (client_id);

-- +goose Down
DROP TABLE oauth_consents;
DROP TABLE oauth_grants;
DROP TABLE oauth_codes;
DROP TABLE oauth_clients;
