-- Who is who (idp/directory). Times are unix microseconds, 0 is never; grants
-- and denials are JSON arrays that SQL does not look into.

-- +goose Up

-- Contacts and numbers are canonical, '' when there is none.
CREATE TABLE persons (
    id             TEXT    NOT NULL PRIMARY KEY,
    number         TEXT    NOT NULL,
    last_name      TEXT    NOT NULL,
    first_name     TEXT    NOT NULL,
    middle_name    TEXT    NOT NULL,
    email          TEXT    NOT NULL,
    email_verified BOOLEAN NOT NULL,
    phone          TEXT    NOT NULL,
    phone_verified BOOLEAN NOT NULL,
    snils          TEXT    NOT NULL,
    inn            TEXT    NOT NULL,
    locale         TEXT    NOT NULL,
    status         TEXT    NOT NULL CHECK (status IN ('active', 'blocked')),
    created_at     BIGINT  NOT NULL,
    updated_at     BIGINT  NOT NULL
);
CREATE UNIQUE INDEX persons_number ON persons (number);
CREATE UNIQUE INDEX persons_email ON persons (email) WHERE email <> '';
CREATE UNIQUE INDEX persons_phone ON persons (phone) WHERE phone <> '';
CREATE UNIQUE INDEX persons_snils ON persons (snils) WHERE snils <> '';
CREATE UNIQUE INDEX persons_inn ON persons (inn) WHERE inn <> '';

CREATE TABLE passwords (
    person_id  TEXT   NOT NULL PRIMARY KEY REFERENCES persons (id),
    hash       TEXT   NOT NULL, -- PHC string, argon2id
    changed_at BIGINT NOT NULL
);

-- step is the last time step that was used (RFC 6238 §5.2: each once).
CREATE TABLE totp (
    person_id  TEXT    NOT NULL PRIMARY KEY REFERENCES persons (id),
    sealed     BYTEA   NOT NULL, -- the secret, under the master key
    confirmed  BOOLEAN NOT NULL,
    step       BIGINT  NOT NULL,
    created_at BIGINT  NOT NULL
);

-- administrators counts the members with that role. It is moved by relative
-- updates only, so that the check refuses to lose the last one, whatever runs
-- at the same time. members_version counts the changes of members; raising it
-- is what puts those of one organisation in order.
CREATE TABLE organisations (
    id              TEXT   NOT NULL PRIMARY KEY,
    kind            TEXT   NOT NULL CHECK (kind IN ('legal', 'sole')),
    inn             TEXT   NOT NULL,
    kpp             TEXT   NOT NULL,
    ogrn            TEXT   NOT NULL,
    name            TEXT   NOT NULL,
    full_name       TEXT   NOT NULL,
    address         TEXT   NOT NULL,
    actual_address  TEXT   NOT NULL,
    phone           TEXT   NOT NULL,
    email           TEXT   NOT NULL,
    status          TEXT   NOT NULL CHECK (status IN ('active', 'closed')),
    required_acr    TEXT   NOT NULL,
    administrators  BIGINT NOT NULL CONSTRAINT organisations_last_administrator CHECK (administrators >= 1),
    members_version BIGINT NOT NULL,
    version         BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    closed_at       BIGINT NOT NULL
);
CREATE UNIQUE INDEX organisations_inn ON organisations (inn) WHERE status = 'active';
CREATE UNIQUE INDEX organisations_ogrn ON organisations (ogrn) WHERE status = 'active';

-- One row for a person in an organisation, for ever: version must go on rising
-- when somebody is removed and comes back, or old tokens would fit again.
CREATE TABLE members (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL REFERENCES organisations (id),
    person_id       TEXT   NOT NULL REFERENCES persons (id),
    role            TEXT   NOT NULL,
    grants          TEXT   NOT NULL,
    denials         TEXT   NOT NULL,
    position        TEXT   NOT NULL,
    version         BIGINT NOT NULL,
    activated_at    BIGINT NOT NULL,
    removed_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX members_person ON members (person_id, organisation_id);
CREATE INDEX members_organisation ON members (organisation_id, id) WHERE removed_at = 0;

CREATE TABLE invitations (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL REFERENCES organisations (id),
    token_hash      TEXT   NOT NULL, -- SHA-256, hexadecimal
    last_name       TEXT   NOT NULL,
    first_name      TEXT   NOT NULL,
    middle_name     TEXT   NOT NULL,
    email           TEXT   NOT NULL,
    phone           TEXT   NOT NULL,
    role            TEXT   NOT NULL,
    grants          TEXT   NOT NULL,
    denials         TEXT   NOT NULL,
    position        TEXT   NOT NULL,
    status          TEXT   NOT NULL CHECK (status IN ('pending', 'accepted', 'withdrawn')),
    invited_by      TEXT   NOT NULL, -- person, '' for the system or a client
    created_at      BIGINT NOT NULL,
    sent_at         BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    accepted_at     BIGINT NOT NULL,
    accepted_by     TEXT   NOT NULL
);
CREATE UNIQUE INDEX invitations_token ON invitations (token_hash);
CREATE UNIQUE INDEX invitations_pending ON invitations (organisation_id, email) WHERE status = 'pending';
CREATE INDEX invitations_organisation ON invitations (organisation_id, id);

-- +goose Down
DROP TABLE invitations;
DROP TABLE members;
DROP TABLE organisations;
DROP TABLE totp;
DROP TABLE passwords;
DROP TABLE persons;
