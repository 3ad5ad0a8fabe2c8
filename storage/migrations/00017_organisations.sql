-- What an organisation says of itself beyond the register, and how it comes to
-- be: profiles (idp/directory), registrations, bindings, changes, moderation,
-- legal status and deactivation (cabinet/organisation). Times are unix
-- microseconds, 0 is never; JSON is never looked into by SQL.

-- +goose Up

-- The present state of each block, and every state that it has had.
CREATE TABLE organisation_blocks (
    organisation_id TEXT   NOT NULL REFERENCES organisations (id),
    block           TEXT   NOT NULL CHECK (block IN ('requisites', 'contacts', 'bank', 'activities', 'taxes', 'payments')),
    version         BIGINT NOT NULL,
    body            TEXT   NOT NULL,
    changed_by      TEXT   NOT NULL, -- person, '' for the system
    changed_how     TEXT   NOT NULL, -- code, signature, moderation, registry, system
    changed_at      BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, block)
);
CREATE TABLE organisation_block_versions (
    organisation_id TEXT   NOT NULL REFERENCES organisations (id),
    block           TEXT   NOT NULL,
    version         BIGINT NOT NULL,
    body            TEXT   NOT NULL,
    changed_by      TEXT   NOT NULL,
    changed_how     TEXT   NOT NULL,
    changed_at      BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, block, version)
);

-- When the profile first held everything that is mandatory.
CREATE TABLE organisation_activations (
    organisation_id TEXT   NOT NULL PRIMARY KEY REFERENCES organisations (id),
    activated_at    BIGINT NOT NULL
);

-- A draft that becomes an organisation.
CREATE TABLE organisation_registrations (
    id              TEXT   NOT NULL PRIMARY KEY,
    person_id       TEXT   NOT NULL REFERENCES persons (id),
    kind            TEXT   NOT NULL CHECK (kind IN ('legal', 'sole')),
    inn             TEXT   NOT NULL, -- of the draft, '' while not given
    state           TEXT   NOT NULL CHECK (state IN ('draft', 'ready', 'moderation', 'done', 'refused', 'withdrawn')),
    draft           TEXT   NOT NULL,
    proofs          TEXT   NOT NULL, -- confirmed contacts, comparison, authority
    reason          TEXT   NOT NULL, -- why it was refused
    organisation_id TEXT   NOT NULL, -- '' until it is done
    version         BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);
CREATE INDEX organisation_registrations_person ON organisation_registrations (person_id, created_at, id);
CREATE INDEX organisation_registrations_updated ON organisation_registrations (state, updated_at);

CREATE TABLE organisation_registration_documents (
    registration_id TEXT   NOT NULL REFERENCES organisation_registrations (id),
    file_id         TEXT   NOT NULL,
    kind            TEXT   NOT NULL,
    name            TEXT   NOT NULL,
    media_type      TEXT   NOT NULL,
    size            BIGINT NOT NULL,
    sha256          TEXT   NOT NULL,
    verdict         TEXT   NOT NULL, -- of the signature over it, JSON, '' when there is none
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (registration_id, file_id)
);

-- The one living code of an object, in place of the one before. mac is an HMAC
-- under a key of the master key: six digits are short enough to be searched.
CREATE TABLE organisation_codes (
    object     TEXT   NOT NULL PRIMARY KEY,
    person_id  TEXT   NOT NULL,
    mac        TEXT   NOT NULL,
    sends      BIGINT NOT NULL,
    tries      BIGINT NOT NULL,
    sent_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL
);
CREATE INDEX organisation_codes_expires ON organisation_codes (expires_at);

-- organisation_id is '' where nobody is to learn that there is none.
CREATE TABLE organisation_bindings (
    id              TEXT   NOT NULL PRIMARY KEY,
    person_id       TEXT   NOT NULL REFERENCES persons (id),
    inn             TEXT   NOT NULL,
    access          TEXT   NOT NULL CHECK (access IN ('administrator', 'employee')),
    channel         TEXT   NOT NULL CHECK (channel IN ('email', 'sms')),
    organisation_id TEXT   NOT NULL,
    listed_as       TEXT   NOT NULL, -- head, founder, invitation; '' = not listed
    invitation_id   TEXT   NOT NULL,
    state           TEXT   NOT NULL CHECK (state IN ('asked', 'bound')),
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL
);
CREATE INDEX organisation_bindings_person ON organisation_bindings (person_id, created_at);
CREATE INDEX organisation_bindings_expires ON organisation_bindings (expires_at);

CREATE TABLE organisation_changes (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL REFERENCES organisations (id),
    block           TEXT   NOT NULL,
    state           TEXT   NOT NULL CHECK (state IN ('proposed', 'moderation', 'applied', 'refused', 'cancelled', 'expired')),
    base_version    BIGINT NOT NULL, -- of the block that it changes
    before_body     TEXT   NOT NULL,
    after_body      TEXT   NOT NULL,
    restores        BIGINT NOT NULL, -- the version that is brought back, 0 = none
    attachments     TEXT   NOT NULL, -- JSON array of files
    differences     TEXT   NOT NULL, -- from the registry, JSON array
    confirmed_how   TEXT   NOT NULL, -- code, signature; '' = not yet
    signature       BYTEA  NOT NULL, -- CMS over the change's text
    verdict         TEXT   NOT NULL,
    authority       TEXT   NOT NULL, -- directory.Authority of who confirmed, JSON
    reason          TEXT   NOT NULL, -- of a refusal
    asked_by        TEXT   NOT NULL,
    asked_at        BIGINT NOT NULL,
    decided_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL
);
CREATE INDEX organisation_changes_list ON organisation_changes (organisation_id, asked_at, id);
CREATE INDEX organisation_changes_expires ON organisation_changes (expires_at) WHERE state = 'proposed';

-- What operators of the house look at.
CREATE TABLE organisation_moderation (
    id              TEXT    NOT NULL PRIMARY KEY,
    kind            TEXT    NOT NULL CHECK (kind IN ('registration', 'change')),
    object_id       TEXT    NOT NULL,
    organisation_id TEXT    NOT NULL, -- '' for a registration
    state           TEXT    NOT NULL CHECK (state IN ('waiting', 'taken', 'seconded', 'accepted', 'refused', 'withdrawn')),
    four_eyes       BOOLEAN NOT NULL, -- the registry does not bear it out: two operators
    asked_by        TEXT    NOT NULL,
    taken_by        TEXT    NOT NULL,
    first_by        TEXT    NOT NULL, -- who accepted first, of two
    decided_by      TEXT    NOT NULL,
    reason          TEXT    NOT NULL,
    version         BIGINT  NOT NULL,
    created_at      BIGINT  NOT NULL,
    updated_at      BIGINT  NOT NULL
);
CREATE UNIQUE INDEX organisation_moderation_open ON organisation_moderation (kind, object_id)
    WHERE state IN ('waiting', 'taken', 'seconded');
CREATE INDEX organisation_moderation_queue ON organisation_moderation (state, created_at, id);

-- What the registry said last.
CREATE TABLE organisation_statuses (
    organisation_id TEXT   NOT NULL PRIMARY KEY REFERENCES organisations (id),
    record          TEXT   NOT NULL, -- authority.Record as JSON, '' when the registry has none
    found           BOOLEAN NOT NULL,
    digest          TEXT   NOT NULL, -- SHA-256 of what is shown
    checked_at      BIGINT NOT NULL,
    changed_at      BIGINT NOT NULL,
    fault           TEXT   NOT NULL -- of the last try, '' when it succeeded
);
CREATE INDEX organisation_statuses_checked ON organisation_statuses (checked_at);

CREATE TABLE organisation_corrections (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL REFERENCES organisations (id),
    field           TEXT   NOT NULL,
    shown           TEXT   NOT NULL,
    claimed         TEXT   NOT NULL,
    explanation     TEXT   NOT NULL,
    state           TEXT   NOT NULL CHECK (state IN ('open', 'overdue', 'corrected', 'refused')),
    answer          TEXT   NOT NULL,
    answered_by     TEXT   NOT NULL, -- operator, '' = the registry itself
    asked_by        TEXT   NOT NULL,
    asked_at        BIGINT NOT NULL,
    due_at          BIGINT NOT NULL,
    answered_at     BIGINT NOT NULL
);
CREATE INDEX organisation_corrections_list ON organisation_corrections (organisation_id, asked_at, id);
CREATE INDEX organisation_corrections_due ON organisation_corrections (state, due_at);

CREATE TABLE organisation_deactivations (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL REFERENCES organisations (id),
    state           TEXT   NOT NULL CHECK (state IN ('asked', 'confirmed', 'undone', 'done', 'expired')),
    reason          TEXT   NOT NULL,
    asked_by        TEXT   NOT NULL,
    asked_at        BIGINT NOT NULL,
    confirmed_at    BIGINT NOT NULL,
    due_at          BIGINT NOT NULL, -- 0 until it is confirmed
    warned_at       BIGINT NOT NULL, -- of the last hour
    ended_by        TEXT   NOT NULL,
    ended_at        BIGINT NOT NULL
);
CREATE UNIQUE INDEX organisation_deactivations_open ON organisation_deactivations (organisation_id)
    WHERE state IN ('asked', 'confirmed');
CREATE INDEX organisation_deactivations_due ON organisation_deactivations (due_at) WHERE state = 'confirmed';

-- +goose Down
DROP TABLE organisation_deactivations;
DROP TABLE organisation_corrections;
DROP TABLE organisation_statuses;
DROP TABLE organisation_moderation;
DROP TABLE organisation_changes;
DROP TABLE organisation_bindings;
DROP TABLE organisation_codes;
DROP TABLE organisation_registration_documents;
DROP TABLE organisation_registrations;
DROP TABLE organisation_activations;
DROP TABLE organisation_block_versions;
DROP TABLE organisation_blocks;
