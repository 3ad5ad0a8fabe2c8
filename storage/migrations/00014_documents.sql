-- Files of organisations (storage/file) and the documents that they are
-- (cabinet/document). Times are unix microseconds, 0 is never.

-- +goose Up

-- The bytes are in the blob store, encrypted, under a key made of the id. A file
-- that nobody keeps is loose and is swept.
CREATE TABLE files (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL,
    name            TEXT   NOT NULL,
    media_type      TEXT   NOT NULL,
    size            BIGINT NOT NULL, -- bytes
    sha256          TEXT   NOT NULL, -- of the bytes as they came, hexadecimal
    owners          BIGINT NOT NULL CHECK (owners >= 0),
    loose_at        BIGINT NOT NULL, -- since when nobody keeps it; 0 = somebody does
    created_at      BIGINT NOT NULL,
    checked_at      BIGINT NOT NULL, -- when the bytes were last held against sha256
    damaged_at      BIGINT NOT NULL, -- when they were first found wrong or missing; 0 = whole
    CHECK ((owners = 0) = (loose_at > 0))
);
CREATE INDEX files_loose ON files (loose_at) WHERE loose_at > 0;
CREATE INDEX files_checked ON files (checked_at, id);
CREATE INDEX files_damaged ON files (damaged_at) WHERE damaged_at > 0;

CREATE TABLE file_owners (
    owner   TEXT NOT NULL, -- "filing/<id>"
    file_id TEXT NOT NULL REFERENCES files (id),
    PRIMARY KEY (owner, file_id)
);
CREATE INDEX file_owners_file ON file_owners (file_id);

-- Which blob store belongs to this database: the store holds the same id, so that
-- a database never sweeps the files of another one.
CREATE TABLE file_store (
    id   BIGINT NOT NULL PRIMARY KEY, -- always 1
    mark TEXT   NOT NULL
);

-- +goose Down
DROP TABLE file_store;
DROP TABLE file_owners;
DROP TABLE files;
