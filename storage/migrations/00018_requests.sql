-- The inbox of organisations (cabinet/request) and the applications for
-- services (cabinet/service). Times are unix microseconds, 0 is never.

-- +goose Up

-- Everything that an organisation asks and is asked, whatever its kind. Lists are
-- walked newest first, or by due date, inside one organisation; each index below
-- is one of those walks. expires_at and remind_at are 0 when the clock has
-- nothing more to do, so that the two indexes of the clock hold live rows only.
CREATE TABLE requests (
    id              TEXT    NOT NULL PRIMARY KEY,
    organisation_id TEXT    NOT NULL REFERENCES organisations (id),
    number          TEXT    NOT NULL, -- ours, with a check digit
    outer_number    TEXT    NOT NULL, -- theirs, '' = not known
    type            TEXT    NOT NULL CHECK (type IN ('application', 'appeal', 'requirement', 'message', 'ticket', 'correction')),
    kind            TEXT    NOT NULL, -- service, type of document, type of ticket
    direction       TEXT    NOT NULL CHECK (direction IN ('out', 'in')),
    status          TEXT    NOT NULL,
    phase           TEXT    NOT NULL CHECK (phase IN ('processing', 'completed', 'rejected')),
    subject         TEXT    NOT NULL,
    party_code      TEXT    NOT NULL, -- the body's code
    party           TEXT    NOT NULL, -- recipient or source
    responsible_id  TEXT    NOT NULL, -- members.id, '' = nobody yet
    created_by      TEXT    NOT NULL, -- persons.id, '' = an authority or a client
    created_at      BIGINT  NOT NULL,
    due_at          BIGINT  NOT NULL,
    execution_at    BIGINT  NOT NULL, -- when the organisation means to be done
    status_at       BIGINT  NOT NULL,
    updated_at      BIGINT  NOT NULL,
    closed_at       BIGINT  NOT NULL,
    overdue         BOOLEAN NOT NULL, -- the due date has passed and nothing has come since
    overdue_at      BIGINT  NOT NULL, -- when it was missed for the first time
    expires_at      BIGINT  NOT NULL,
    remind_at       BIGINT  NOT NULL,
    documents       TEXT    NOT NULL, -- JSON: the files of the whole thread
    details         TEXT    NOT NULL, -- JSON: what only this type has
    version         BIGINT  NOT NULL
);
CREATE UNIQUE INDEX requests_number ON requests (number);
CREATE INDEX requests_all ON requests (organisation_id, created_at, id);
CREATE INDEX requests_type ON requests (organisation_id, type, created_at, id);
CREATE INDEX requests_status ON requests (organisation_id, status, created_at, id);
CREATE INDEX requests_type_status ON requests (organisation_id, type, status, created_at, id);
CREATE INDEX requests_phase ON requests (organisation_id, phase, created_at, id);
CREATE INDEX requests_responsible ON requests (organisation_id, responsible_id, created_at, id);
CREATE INDEX requests_due ON requests (organisation_id, due_at, id) WHERE due_at > 0;
CREATE INDEX requests_overdue ON requests (organisation_id, created_at, id) WHERE overdue = TRUE;
CREATE INDEX requests_outer ON requests (organisation_id, outer_number) WHERE outer_number <> '';
CREATE INDEX requests_expires ON requests (expires_at) WHERE expires_at > 0;
CREATE INDEX requests_remind ON requests (remind_at) WHERE remind_at > 0;
CREATE INDEX requests_support ON requests (due_at, id) WHERE type = 'ticket' AND status IN ('registered', 'in_work', 'overdue');

-- The words by which a request is found, cut to their stems. The key is the walk
-- of a search: one organisation, one word, newest first.
CREATE TABLE request_words (
    organisation_id TEXT   NOT NULL,
    word            TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    request_id      TEXT   NOT NULL,
    PRIMARY KEY (organisation_id, word, created_at, request_id)
);

-- One message of a request's thread as it stands now.
CREATE TABLE request_messages (
    id              TEXT   NOT NULL PRIMARY KEY,
    request_id      TEXT   NOT NULL REFERENCES requests (id),
    organisation_id TEXT   NOT NULL,
    kind            TEXT   NOT NULL,
    direction       TEXT   NOT NULL CHECK (direction IN ('out', 'in', 'internal')),
    author_id       TEXT   NOT NULL, -- persons.id, '' = not a person of ours
    author_client   TEXT   NOT NULL,
    author          TEXT   NOT NULL, -- the name shown
    authority       TEXT   NOT NULL, -- JSON: by which right it was written
    event           TEXT   NOT NULL, -- the authority's
    body            TEXT   NOT NULL,
    due_at          BIGINT NOT NULL,
    files           TEXT   NOT NULL, -- JSON
    faults          TEXT   NOT NULL, -- JSON: what the authority found wrong
    version         BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    edited_at       BIGINT NOT NULL,
    delivered_at    BIGINT NOT NULL
);
CREATE INDEX request_messages_thread ON request_messages (request_id, id);

-- What was sent, as it was sent. The id is what the authority answers to.
CREATE TABLE request_versions (
    id              TEXT   NOT NULL PRIMARY KEY,
    message_id      TEXT   NOT NULL REFERENCES request_messages (id),
    request_id      TEXT   NOT NULL,
    organisation_id TEXT   NOT NULL,
    version         BIGINT NOT NULL,
    body            TEXT   NOT NULL,
    due_at          BIGINT NOT NULL,
    files           TEXT   NOT NULL,
    author_id       TEXT   NOT NULL,
    author          TEXT   NOT NULL,
    authority       TEXT   NOT NULL,
    created_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX request_versions_message ON request_versions (message_id, version);

-- Who did what with a request, for the people who work with it; the journal says
-- the same to those who audit.
CREATE TABLE request_acts (
    id              TEXT   NOT NULL PRIMARY KEY,
    request_id      TEXT   NOT NULL REFERENCES requests (id),
    organisation_id TEXT   NOT NULL,
    at              BIGINT NOT NULL,
    act             TEXT   NOT NULL,
    actor_id        TEXT   NOT NULL,
    actor           TEXT   NOT NULL,
    status_before   TEXT   NOT NULL,
    status_after    TEXT   NOT NULL,
    details         TEXT   NOT NULL -- JSON
);
CREATE INDEX request_acts_request ON request_acts (request_id, id);

-- An answer that somebody is writing. author is a person's id, or a client's.
CREATE TABLE request_drafts (
    request_id      TEXT   NOT NULL REFERENCES requests (id),
    author          TEXT   NOT NULL,
    organisation_id TEXT   NOT NULL,
    body            TEXT   NOT NULL,
    files           TEXT   NOT NULL, -- JSON: ids of loose files
    due_at          BIGINT NOT NULL,
    version         BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    PRIMARY KEY (request_id, author)
);

-- An organisation's own texts for answers. party_code '' = for every body.
CREATE TABLE request_templates (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL REFERENCES organisations (id),
    title           TEXT   NOT NULL,
    type            TEXT   NOT NULL, -- of request, '' = any
    party_code      TEXT   NOT NULL,
    body            TEXT   NOT NULL,
    version         BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);
CREATE INDEX request_templates_organisation ON request_templates (organisation_id, id);

-- An application, from its first draft. Once submitted it stands in requests
-- under the same id. fields and documents are those of the present version.
CREATE TABLE applications (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL REFERENCES organisations (id),
    service         TEXT   NOT NULL, -- code in the catalogue
    state           TEXT   NOT NULL CHECK (state IN ('draft', 'submitted')),
    renews          TEXT   NOT NULL, -- the application that it prolongs
    fields          TEXT   NOT NULL, -- JSON
    documents       TEXT   NOT NULL, -- JSON
    version         BIGINT NOT NULL,
    created_by      TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    submitted_at    BIGINT NOT NULL,
    content         TEXT   NOT NULL, -- what was submitted, as it was signed; '' before
    signature       TEXT   NOT NULL, -- detached CMS, base64; '' = none
    verdict         TEXT   NOT NULL, -- JSON
    protocol        TEXT   NOT NULL, -- JSON
    requested       TEXT   NOT NULL, -- JSON: documents that the authority has asked for since
    valid_until     BIGINT NOT NULL, -- of what was granted
    renew_at        BIGINT NOT NULL  -- when to remind of it; 0 = not, or done
);
CREATE INDEX applications_state ON applications (organisation_id, state, created_at, id);
CREATE INDEX applications_all ON applications (organisation_id, created_at, id);
CREATE INDEX applications_service ON applications (organisation_id, service, state, submitted_at, id);
CREATE INDEX applications_renew ON applications (renew_at) WHERE renew_at > 0;

CREATE TABLE application_versions (
    application_id TEXT   NOT NULL REFERENCES applications (id),
    version        BIGINT NOT NULL,
    fields         TEXT   NOT NULL,
    documents      TEXT   NOT NULL,
    author_id      TEXT   NOT NULL,
    author         TEXT   NOT NULL,
    note           TEXT   NOT NULL, -- created, saved, restored:3
    created_at     BIGINT NOT NULL,
    PRIMARY KEY (application_id, version)
);

CREATE TABLE application_templates (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL REFERENCES organisations (id),
    service         TEXT   NOT NULL,
    title           TEXT   NOT NULL,
    fields          TEXT   NOT NULL,
    created_at      BIGINT NOT NULL
);
CREATE INDEX application_templates_organisation ON application_templates (organisation_id, id);

-- +goose Down
DROP TABLE application_templates;
DROP TABLE application_versions;
DROP TABLE applications;
DROP TABLE request_templates;
DROP TABLE request_drafts;
DROP TABLE request_acts;
DROP TABLE request_versions;
DROP TABLE request_messages;
DROP TABLE request_words;
DROP TABLE requests;
