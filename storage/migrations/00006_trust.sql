-- Trust in certification authorities (idp/trust), the same for every node.

-- +goose Up
-- The version grows with each change of the two tables below; a change is made
-- from a version that was read, and only if it is still the one.
CREATE TABLE trust_version (
    id      BIGINT NOT NULL PRIMARY KEY, -- always 1
    version BIGINT NOT NULL
);
INSERT INTO trust_version (id, version) VALUES (1, 0);

CREATE TABLE trust_authorities (
    id         TEXT   NOT NULL PRIMARY KEY, -- ОГРН, or the certificate's fingerprint
    record     TEXT   NOT NULL,             -- signature.Authority as JSON
    changed_by TEXT   NOT NULL,             -- the operator
    changed_at BIGINT NOT NULL
);

CREATE TABLE trust_intermediates (
    fingerprint TEXT   NOT NULL PRIMARY KEY, -- SHA-256, hexadecimal
    certificate BYTEA  NOT NULL,             -- DER
    changed_by  TEXT   NOT NULL,
    changed_at  BIGINT NOT NULL
);

-- The last good revocation list of each address, and how asking for it goes.
CREATE TABLE trust_lists (
    address  TEXT   NOT NULL PRIMARY KEY, -- import:… for lists that an operator brought
    list     BYTEA  NOT NULL,             -- DER; empty while none was good
    digest   TEXT   NOT NULL,             -- of list, SHA-256, hexadecimal
    etag     TEXT   NOT NULL,
    modified TEXT   NOT NULL,
    tried_at BIGINT NOT NULL,
    due_at   BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    fault    TEXT   NOT NULL
);

-- +goose Down
DROP TABLE trust_lists;
DROP TABLE trust_intermediates;
DROP TABLE trust_authorities;
DROP TABLE trust_version;
