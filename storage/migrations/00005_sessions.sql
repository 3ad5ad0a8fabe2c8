-- Sign-in sessions in the browser. The cookie's value is kept as its SHA-256
-- only, and changes at each proof; the id is stable and stands in tokens (sid).

-- +goose Up
CREATE TABLE sessions (
    id              TEXT   NOT NULL PRIMARY KEY,
    secret_hash     TEXT   NOT NULL,
    person_id       TEXT   NOT NULL,
    proofs          TEXT   NOT NULL,
    organisation_id TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    seen_at         BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX sessions_secret_hash ON sessions (secret_hash);
CREATE INDEX sessions_person_id ON sessions (person_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- +goose Down
DROP TABLE sessions;
