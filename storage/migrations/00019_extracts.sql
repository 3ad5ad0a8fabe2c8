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

-- Orders of extracts and certificates, and what was made of them. The bytes are
-- files of the organisation (files, owner "extract/<id>").
CREATE TABLE extracts (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL REFERENCES organisations (id),
    kind            TEXT   NOT NULL, -- of the catalogue
    number          TEXT   NOT NULL UNIQUE,
    status          TEXT   NOT NULL CHECK (status IN ('requested', 'making', 'ready', 'failed', 'cancelled')),
    stage           TEXT   NOT NULL,
    format          TEXT   NOT NULL CHECK (format IN ('pdf', 'xml', 'both')),
    particulars     TEXT   NOT NULL, -- JSON: period, purpose, parameters
    email           BYTEA,           -- where to send it, under the master key
    subject         TEXT   NOT NULL, -- JSON: the organisation as of the order
    answer          TEXT   NOT NULL, -- JSON: what the authority said
    failure         TEXT   NOT NULL, -- JSON
    authority       TEXT   NOT NULL, -- JSON: by which right it was ordered
    ordered_by      TEXT   NOT NULL, -- the person, '' when a client acts for itself
    client_id       TEXT   NOT NULL,
    submission_id   TEXT   NOT NULL, -- of the last request to the authority, '' = none
    renews_id       TEXT   NOT NULL, -- the extract that it replaces, '' = none
    files           TEXT   NOT NULL, -- JSON: ids by part
    version         BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    ready_at        BIGINT NOT NULL,
    valid_until     BIGINT NOT NULL
);
CREATE INDEX extracts_list ON extracts (organisation_id, created_at DESC, id DESC);
CREATE INDEX extracts_kind ON extracts (organisation_id, kind, created_at DESC, id DESC);
CREATE INDEX extracts_status ON extracts (organisation_id, status, created_at DESC, id DESC);
CREATE INDEX extracts_submission ON extracts (submission_id) WHERE submission_id <> '';
-- What works on them looks for those that were left behind.
CREATE INDEX extracts_open ON extracts (updated_at) WHERE status IN ('requested', 'making');

-- +goose Down
DROP TABLE extracts;
DROP TABLE seals;
