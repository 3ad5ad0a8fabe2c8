-- +goose Up
-- Answers to requests that carried Idempotency-Key, so that a repeat is answered
-- and not carried out again. id is a digest of who asked and the key; answer is
-- sealed, for it may hold a secret that is shown once.
CREATE TABLE idempotency_keys (
    id          TEXT   NOT NULL PRIMARY KEY,
    request     TEXT   NOT NULL, -- digest of method, address and body; '' until the request is over
    status      BIGINT NOT NULL, -- of the answer; 0 until the request is over
    answer      BYTEA  NOT NULL,
    created_at  BIGINT NOT NULL
);

CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

-- +goose Down
DROP TABLE idempotency_keys;
