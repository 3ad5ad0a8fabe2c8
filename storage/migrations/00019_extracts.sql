-- The service's seal (cabinet/paper) and the extracts it signs (cabinet/extract).
-- Times are unix microseconds, 0 is never.

-- +goose Up

-- One row for each certificate the service ever sealed with; never deleted, for
-- its papers must verify. The one with the highest sequence that has a key signs,
-- unless the operator configured one.
CREATE TABLE seals (
    id           TEXT   NOT NULL PRIMARY KEY, -- the beginning of the certificate's SHA-256
    sequence     BIGINT NOT NULL UNIQUE,      -- 1, 2, 3 …: of two nodes that make the same one, the second fails
    certificates TEXT   NOT NULL,             -- PEM, the signer's first, then its chain
    sealed       BYTEA,                       -- PKCS #8 under the master key; NULL: the key is configured
    created_at   BIGINT NOT NULL
);

-- +goose Down
DROP TABLE seals;
