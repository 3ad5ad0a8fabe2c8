-- How people come in and come back: registrations, identities, agreements and
-- recoveries (idp/directory). Times are unix microseconds, 0 is never.

-- +goose Up

-- What is known of who a person is, beside the contacts. claimed_snils is what
-- the person says; it is no login and shuts nobody out. It moves to
-- persons.snils when the identity is confirmed.
CREATE TABLE identities (
    person_id     TEXT   NOT NULL PRIMARY KEY REFERENCES persons (id),
    birth_date    TEXT   NOT NULL, -- 2006-01-02, '' = not known
    claimed_snils TEXT   NOT NULL,
    level         TEXT   NOT NULL CHECK (level IN ('simplified', 'standard', 'confirmed')),
    confirmed_by  TEXT   NOT NULL, -- certificate, documents; '' = not confirmed
    evidence      TEXT   NOT NULL, -- what was looked at, in the operator's words
    confirmed_at  BIGINT NOT NULL
);

-- What a person has agreed to, by the version of the text.
CREATE TABLE agreements (
    person_id TEXT   NOT NULL REFERENCES persons (id),
    document  TEXT   NOT NULL,
    version   TEXT   NOT NULL,
    agreed_at BIGINT NOT NULL,
    PRIMARY KEY (person_id, document, version)
);

-- sealed: what was typed, under the master key; empty once it is over.
CREATE TABLE registrations (
    id              TEXT   NOT NULL PRIMARY KEY,
    secret_hash     TEXT   NOT NULL, -- SHA-256 of the browser's secret
    state           TEXT   NOT NULL CHECK (state IN ('open', 'done', 'locked')),
    reason          TEXT   NOT NULL, -- why it is locked
    sealed          BYTEA  NOT NULL,
    email_proved_at BIGINT NOT NULL,
    phone_proved_at BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX registrations_secret ON registrations (secret_hash);
CREATE INDEX registrations_expires ON registrations (expires_at);

-- Several of one person may stand side by side; the one that is finished ends
-- the others. Hashes are SHA-256, '' = none. sealed: what was typed, until it is
-- known whom it names.
CREATE TABLE recoveries (
    id              TEXT    NOT NULL PRIMARY KEY,
    kind            TEXT    NOT NULL CHECK (kind IN ('password', 'pin')),
    state           TEXT    NOT NULL CHECK (state IN ('asked', 'proposed', 'sent', 'proved', 'waiting', 'done', 'cancelled')),
    channel         TEXT    NOT NULL CHECK (channel IN ('email', 'sms')),
    person_id       TEXT    NOT NULL, -- '' = nobody, or not looked for yet
    organisation_id TEXT    NOT NULL, -- of the PIN
    sealed          BYTEA   NOT NULL,
    link_hash       TEXT    NOT NULL,
    cancel_hash     TEXT    NOT NULL,
    holder_hash     TEXT    NOT NULL, -- the browser that may go on
    second_at       BIGINT  NOT NULL, -- when another factor was proved
    second_by       TEXT    NOT NULL,
    reset_factors   BOOLEAN NOT NULL, -- the other factors are lost and go
    due_at          BIGINT  NOT NULL, -- the end of the waiting
    proposed_by     TEXT    NOT NULL, -- the operators, when they help
    approved_by     TEXT    NOT NULL,
    reason          TEXT    NOT NULL,
    created_at      BIGINT  NOT NULL,
    expires_at      BIGINT  NOT NULL,
    ended_at        BIGINT  NOT NULL
);
CREATE UNIQUE INDEX recoveries_link ON recoveries (link_hash) WHERE link_hash <> '';
CREATE UNIQUE INDEX recoveries_cancel ON recoveries (cancel_hash) WHERE cancel_hash <> '';
CREATE UNIQUE INDEX recoveries_holder ON recoveries (holder_hash) WHERE holder_hash <> '';
CREATE INDEX recoveries_person ON recoveries (person_id);
CREATE INDEX recoveries_expires ON recoveries (expires_at);

-- People who may help others back in, two at a time.
CREATE TABLE operators (
    person_id    TEXT   NOT NULL PRIMARY KEY REFERENCES persons (id),
    appointed_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE operators;
DROP TABLE recoveries;
DROP TABLE registrations;
DROP TABLE agreements;
DROP TABLE identities;
