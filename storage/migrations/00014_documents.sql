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

-- Documents of organisations: the archive. What belongs to the present version
-- stands here too, so that a list reads one table.
CREATE TABLE documents (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL REFERENCES organisations (id),
    kind            TEXT   NOT NULL, -- charter, contract …; the catalogue is in cabinet/document
    name            TEXT   NOT NULL,
    description     TEXT   NOT NULL,
    valid_until     TEXT   NOT NULL, -- 2006-01-02, its last day; '' = without end
    status          TEXT   NOT NULL CHECK (status IN ('active', 'archived')),
    source          TEXT   NOT NULL, -- who brought it: '' = a person of the organisation, "extract/<id>" …
    search          TEXT   NOT NULL, -- name, description and file name, folded
    versions        BIGINT NOT NULL CHECK (versions > 0), -- how many; the last one is the present one
    file_id         TEXT   NOT NULL REFERENCES files (id),
    file_name       TEXT   NOT NULL,
    media_type      TEXT   NOT NULL,
    size            BIGINT NOT NULL,
    sha256          TEXT   NOT NULL,
    signatures      BIGINT NOT NULL, -- of the present version
    version         BIGINT NOT NULL, -- counts the changes of this record
    created_by      TEXT   NOT NULL, -- person, '' = a client or the house itself
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    archived_at     BIGINT NOT NULL
);
CREATE INDEX documents_status ON documents (organisation_id, status, created_at, id);
CREATE INDEX documents_kind ON documents (organisation_id, kind, status, created_at, id);
CREATE INDEX documents_source ON documents (organisation_id, source) WHERE source <> '';
CREATE INDEX documents_file ON documents (file_id);

CREATE TABLE document_versions (
    document_id   TEXT   NOT NULL REFERENCES documents (id),
    number        BIGINT NOT NULL,
    file_id       TEXT   NOT NULL REFERENCES files (id),
    file_name     TEXT   NOT NULL,
    media_type    TEXT   NOT NULL,
    size          BIGINT NOT NULL,
    sha256        TEXT   NOT NULL,
    note          TEXT   NOT NULL, -- what was changed, in the words of who changed it
    restored_from BIGINT NOT NULL, -- the version whose bytes these are; 0 = bytes of its own
    created_by    TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (document_id, number)
);

-- Accepted signatures only: a refused one is told and not kept. A signature is of
-- bytes, and so of every version that has these bytes.
CREATE TABLE document_signatures (
    id              TEXT   NOT NULL PRIMARY KEY,
    document_id     TEXT   NOT NULL REFERENCES documents (id),
    file_id         TEXT   NOT NULL REFERENCES files (id),
    organisation_id TEXT   NOT NULL, -- in whose cabinet it was added; not always the document's
    fingerprint     TEXT   NOT NULL, -- of the certificate, SHA-256
    signature       BYTEA  NOT NULL, -- CMS in DER
    verdict         TEXT   NOT NULL, -- signature.Verdict as JSON
    authority       TEXT   NOT NULL, -- directory.Authority as JSON: by which right
    person_id       TEXT   NOT NULL,
    client_id       TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    UNIQUE (document_id, file_id, fingerprint)
);

-- A version that was handed to another organisation, or to an e-mail by a link
-- that opens once.
CREATE TABLE document_shares (
    id                  TEXT    NOT NULL PRIMARY KEY,
    document_id         TEXT    NOT NULL REFERENCES documents (id),
    organisation_id     TEXT    NOT NULL, -- the document's
    sender_inn          TEXT    NOT NULL, -- and its name, as they were then
    sender_name         TEXT    NOT NULL,
    recipient_id        TEXT    NOT NULL, -- organisation; '' = an e-mail
    recipient_inn       TEXT    NOT NULL,
    recipient_name      TEXT    NOT NULL,
    email               TEXT    NOT NULL,
    link_hash           TEXT    NOT NULL, -- SHA-256, hexadecimal; '' = no link
    number              BIGINT  NOT NULL, -- the version
    message             TEXT    NOT NULL,
    signature_requested BOOLEAN NOT NULL,
    expires_at          BIGINT  NOT NULL, -- 0 = never
    revoked_at          BIGINT  NOT NULL,
    opened_at           BIGINT  NOT NULL, -- when its bytes were first given out
    created_by          TEXT    NOT NULL,
    created_at          BIGINT  NOT NULL,
    CHECK ((recipient_id = '') <> (email = ''))
);
CREATE INDEX document_shares_document ON document_shares (document_id, created_at, id);
CREATE INDEX document_shares_recipient ON document_shares (recipient_id, created_at, id) WHERE recipient_id <> '';
CREATE INDEX document_shares_mailed ON document_shares (organisation_id, created_at) WHERE email <> '';
CREATE UNIQUE INDEX document_shares_link ON document_shares (link_hash) WHERE link_hash <> '';

-- Uploads in pieces that are not finished. The pieces are files that the upload
-- keeps.
CREATE TABLE document_uploads (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL,
    person_id       TEXT   NOT NULL, -- whose it is; '' = a client's
    client_id       TEXT   NOT NULL,
    request         TEXT   NOT NULL, -- what it will become, JSON
    size            BIGINT NOT NULL,
    received        BIGINT NOT NULL CHECK (received >= 0 AND received <= size),
    expires_at      BIGINT NOT NULL,
    created_at      BIGINT NOT NULL
);
CREATE INDEX document_uploads_organisation ON document_uploads (organisation_id);
CREATE INDEX document_uploads_expires ON document_uploads (expires_at);

CREATE TABLE document_upload_parts (
    upload_id TEXT   NOT NULL REFERENCES document_uploads (id),
    start     BIGINT NOT NULL, -- the first byte's offset
    file_id   TEXT   NOT NULL REFERENCES files (id),
    PRIMARY KEY (upload_id, start)
);

-- +goose Down
DROP TABLE document_upload_parts;
DROP TABLE document_uploads;
DROP TABLE document_shares;
DROP TABLE document_signatures;
DROP TABLE document_versions;
DROP TABLE documents;
DROP TABLE file_store;
DROP TABLE file_owners;
DROP TABLE files;
