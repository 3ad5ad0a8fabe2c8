-- +goose Up

-- Signing keys (idp/keys). A row never changes: a key signs from activates_at
-- until its successor's activates_at.
CREATE TABLE signing_keys (
    kid          TEXT   NOT NULL PRIMARY KEY, -- RFC 7638 thumbprint
    algorithm    TEXT   NOT NULL,             -- RFC 7518 §3.1
    sequence     BIGINT NOT NULL,             -- 1, 2, 3 … within the algorithm: of two nodes that make the same one, the second fails
    sealed       BYTEA  NOT NULL,             -- PKCS #8, under the master key
    created_at   BIGINT NOT NULL,             -- unix microseconds
    activates_at BIGINT NOT NULL,
    UNIQUE (algorithm, sequence)
);

-- +goose Down
DROP TABLE signing_keys;
