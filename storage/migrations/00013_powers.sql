-- Powers of attorney (idp/directory, cabinet/power). Times are unix
-- microseconds, 0 is never.

-- +goose Up

-- representative_key is by what the representative is found: snils:…, inn:… of
-- a person, org:… of an organisation by its ИНН. representative, powers and
-- limits are JSON that SQL does not look into. search is what the list is
-- searched by, in lower case.
CREATE TABLE powers (
    id                  TEXT    NOT NULL PRIMARY KEY,
    number              TEXT    NOT NULL, -- GUID of the form, lower case
    organisation_id     TEXT    NOT NULL REFERENCES organisations (id), -- the principal
    parent_id           TEXT    NOT NULL, -- '' = given by the principal itself
    replaces_id         TEXT    NOT NULL, -- '' = takes nobody's place
    form                TEXT    NOT NULL CHECK (form IN ('notarial', 'simple', 'machine')),
    status              TEXT    NOT NULL CHECK (status IN ('draft', 'checking', 'active', 'expired', 'revoked', 'refused')),
    reason              TEXT    NOT NULL, -- why it was revoked or refused
    irrevocable         BOOLEAN NOT NULL,
    representative_kind TEXT    NOT NULL CHECK (representative_kind IN ('person', 'organisation')),
    representative_key  TEXT    NOT NULL,
    representative      TEXT    NOT NULL,
    powers              TEXT    NOT NULL,
    limits              TEXT    NOT NULL,
    delegation          BIGINT  NOT NULL CHECK (delegation >= 0),
    issued_at           BIGINT  NOT NULL,
    valid_until         BIGINT  NOT NULL,
    granted_by          TEXT    NOT NULL, -- person id, '' = the system or a client
    search              TEXT    NOT NULL,
    reminded            BIGINT  NOT NULL, -- days before the end of the last reminder, 0 = none yet
    version             BIGINT  NOT NULL,
    created_at          BIGINT  NOT NULL,
    updated_at          BIGINT  NOT NULL,
    ended_at            BIGINT  NOT NULL
);
CREATE UNIQUE INDEX powers_number ON powers (organisation_id, number) WHERE status <> 'refused';
CREATE INDEX powers_granted ON powers (organisation_id, created_at, id);
CREATE INDEX powers_given ON powers (representative_key, created_at, id);
CREATE INDEX powers_parent ON powers (parent_id) WHERE parent_id <> '';
CREATE INDEX powers_checking ON powers (id) WHERE status = 'checking';
CREATE INDEX powers_ending ON powers (valid_until, id) WHERE status = 'active';

-- Who of an organisation that represents another acts for it: people it named.
CREATE TABLE power_performers (
    power_id  TEXT   NOT NULL REFERENCES powers (id),
    person_id TEXT   NOT NULL REFERENCES persons (id),
    named_by  TEXT   NOT NULL,
    named_at  BIGINT NOT NULL,
    PRIMARY KEY (power_id, person_id)
);
CREATE INDEX power_performers_person ON power_performers (person_id);

-- The version of a person's rights by power of attorney in an organisation:
-- `mv` of his tokens. It rises with every change and is never deleted, or old
-- tokens would fit again.
CREATE TABLE power_versions (
    person_id       TEXT   NOT NULL REFERENCES persons (id),
    organisation_id TEXT   NOT NULL REFERENCES organisations (id),
    version         BIGINT NOT NULL,
    PRIMARY KEY (person_id, organisation_id)
);

-- What a power of attorney rests on: the files with their signature, its
-- verdict, and the requisites that were typed.
CREATE TABLE power_papers (
    power_id        TEXT   NOT NULL PRIMARY KEY REFERENCES powers (id),
    organisation_id TEXT   NOT NULL,
    document_id     TEXT   NOT NULL, -- file id of the XML or the scan
    signature_id    TEXT   NOT NULL, -- file id of the detached signature, '' = none
    verdict         TEXT   NOT NULL, -- JSON of the check: status and messages
    sealed          BYTEA  NOT NULL, -- identity documents and notary, under the master key
    updated_at      BIGINT NOT NULL
);

-- +goose Down
DROP TABLE power_papers;
DROP TABLE power_versions;
DROP TABLE power_performers;
DROP TABLE powers;
