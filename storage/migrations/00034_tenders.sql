-- Tenders (закупки): the register of announcements that an outside system publishes,
-- and what organisations do in it (cabinet/tender). Times are unix microseconds, 0 is
-- never; sums are kopecks.

-- +goose Up

-- Announcements (извещения, 44-ФЗ ст. 42). They are public and belong to nobody.
CREATE TABLE tenders (
    id            TEXT   NOT NULL PRIMARY KEY,
    number        TEXT   NOT NULL UNIQUE, -- реестровый номер, 19 digits
    revision      BIGINT NOT NULL,        -- of the announcement, as the register counts
    digest        TEXT   NOT NULL,        -- SHA-256 of what the register says
    object        TEXT   NOT NULL,
    customer_inn  TEXT   NOT NULL,
    customer_name TEXT   NOT NULL,
    sector        TEXT   NOT NULL,        -- the first ОКПД2
    region        TEXT   NOT NULL,        -- code of the subject of the Federation
    price         BIGINT NOT NULL,        -- начальная (максимальная) цена контракта
    state         TEXT   NOT NULL CHECK (state IN ('open', 'review', 'completed', 'cancelled')),
    published_at  BIGINT NOT NULL,
    deadline_at   BIGINT NOT NULL,        -- the end of the taking of applications
    content       TEXT   NOT NULL,        -- JSON: all of it
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);
CREATE INDEX tenders_list ON tenders (published_at DESC, id DESC);
CREATE INDEX tenders_state ON tenders (state, published_at DESC, id DESC);

-- By what announcements are found: "s:62.01" each beginning of a sector, "r:77" the
-- region, "c:7707083893" the customer, "w:поставк" a word.
CREATE TABLE tender_terms (
    term         TEXT   NOT NULL,
    published_at BIGINT NOT NULL,
    tender_id    TEXT   NOT NULL REFERENCES tenders (id),
    PRIMARY KEY (term, published_at, tender_id)
);
CREATE INDEX tender_terms_tender ON tender_terms (tender_id);

-- How far a register has been read: '' is the announcements, else an organisation's
-- earlier participations.
CREATE TABLE tender_cursors (
    organisation_id TEXT   NOT NULL PRIMARY KEY,
    after           TEXT   NOT NULL,
    read_at         BIGINT NOT NULL
);

-- Documents of announcements that were fetched for an organisation.
CREATE TABLE tender_files (
    organisation_id TEXT   NOT NULL REFERENCES organisations (id),
    tender_id       TEXT   NOT NULL REFERENCES tenders (id),
    sha256          TEXT   NOT NULL,
    file_id         TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, tender_id, sha256)
);

-- Saved searches.
CREATE TABLE tender_searches (
    id              TEXT    NOT NULL PRIMARY KEY,
    organisation_id TEXT    NOT NULL REFERENCES organisations (id),
    person_id       TEXT    NOT NULL, -- who is told; '' = everybody who may see tenders
    name            TEXT    NOT NULL,
    filter          TEXT    NOT NULL, -- JSON
    told            BOOLEAN NOT NULL, -- new announcements are told
    created_at      BIGINT  NOT NULL
);
CREATE INDEX tender_searches_list ON tender_searches (organisation_id, created_at DESC, id DESC);
CREATE INDEX tender_searches_told ON tender_searches (id) WHERE told = TRUE;

-- Applications (заявки), also those that the register remembers from before.
CREATE TABLE tender_applications (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL REFERENCES organisations (id),
    tender_id       TEXT   NOT NULL, -- '' when the announcement is not here
    tender_number   TEXT   NOT NULL,
    object          TEXT   NOT NULL, -- as of the application
    customer_inn    TEXT   NOT NULL,
    customer_name   TEXT   NOT NULL,
    sector          TEXT   NOT NULL,
    region          TEXT   NOT NULL,
    start_price     BIGINT NOT NULL,
    revision        BIGINT NOT NULL, -- of the announcement that it answers
    alive           TEXT   NOT NULL, -- the place that it holds while it lives, '' afterwards
    state           TEXT   NOT NULL,
    form            TEXT   NOT NULL, -- JSON
    applicant       TEXT   NOT NULL, -- JSON: the organisation as of the last change
    files           TEXT   NOT NULL, -- JSON: what is attached
    file_id         TEXT   NOT NULL, -- the application as it is signed, '' before
    file_sha256     TEXT   NOT NULL,
    signature       TEXT   NOT NULL, -- JSON: verdict, signer, CMS
    authority       TEXT   NOT NULL, -- JSON: by which right it was sent
    number          TEXT   NOT NULL, -- the register's own, '' before
    offer           BIGINT NOT NULL,
    place           BIGINT NOT NULL, -- 0 = not told
    comment         TEXT   NOT NULL, -- the customer's
    trouble         TEXT   NOT NULL, -- why it is not where it should be
    replaces_id     TEXT   NOT NULL, -- the earlier version, '' = none
    submission_id   TEXT   NOT NULL, -- of its sending
    withdrawal_id   TEXT   NOT NULL, -- of its withdrawal's sending
    origin          TEXT   NOT NULL CHECK (origin IN ('cabinet', 'register')),
    created_by      TEXT   NOT NULL,
    version         BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    submitted_at    BIGINT NOT NULL,
    decided_at      BIGINT NOT NULL  -- when it ended, 0 while it lives
);
CREATE UNIQUE INDEX tender_applications_alive ON tender_applications (organisation_id, alive) WHERE alive <> '';
CREATE INDEX tender_applications_number ON tender_applications (organisation_id, number) WHERE number <> '';
CREATE UNIQUE INDEX tender_applications_remembered ON tender_applications (organisation_id, number) WHERE origin = 'register';
CREATE INDEX tender_applications_list ON tender_applications (organisation_id, created_at DESC, id DESC);
CREATE INDEX tender_applications_state ON tender_applications (organisation_id, state, created_at DESC, id DESC);
CREATE INDEX tender_applications_tender ON tender_applications (tender_id, organisation_id, created_at DESC);
CREATE INDEX tender_applications_open ON tender_applications (organisation_id, created_at DESC, id DESC) WHERE decided_at = 0;
CREATE INDEX tender_applications_over ON tender_applications (organisation_id, decided_at DESC, id DESC) WHERE decided_at > 0;
CREATE INDEX tender_applications_submission ON tender_applications (submission_id) WHERE submission_id <> '';
CREATE INDEX tender_applications_withdrawal ON tender_applications (withdrawal_id) WHERE withdrawal_id <> '';

-- What happened to an application.
CREATE TABLE tender_events (
    id              TEXT   NOT NULL PRIMARY KEY,
    application_id  TEXT   NOT NULL REFERENCES tender_applications (id),
    organisation_id TEXT   NOT NULL,
    event           TEXT   NOT NULL,
    state           TEXT   NOT NULL,
    who             TEXT   NOT NULL,
    text            TEXT   NOT NULL,
    at              BIGINT NOT NULL
);
CREATE INDEX tender_events_application ON tender_events (application_id, at, id);

-- Texts that applications are begun with.
CREATE TABLE tender_templates (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL REFERENCES organisations (id),
    name            TEXT   NOT NULL,
    form            TEXT   NOT NULL, -- JSON
    created_by      TEXT   NOT NULL,
    created_at      BIGINT NOT NULL
);
CREATE INDEX tender_templates_list ON tender_templates (organisation_id, created_at DESC, id DESC);

-- Registration as a participant (44-ФЗ ст. 24.2), one for each organisation.
CREATE TABLE tender_registrations (
    organisation_id TEXT   NOT NULL PRIMARY KEY REFERENCES organisations (id),
    state           TEXT   NOT NULL CHECK (state IN ('sent', 'registered', 'refused')),
    number          TEXT   NOT NULL, -- of the participant, '' before
    applicant       TEXT   NOT NULL, -- JSON: what was sent
    document        TEXT   NOT NULL, -- the XML that is signed
    signature       TEXT   NOT NULL, -- JSON
    trouble         TEXT   NOT NULL,
    submission_id   TEXT   NOT NULL UNIQUE,
    version         BIGINT NOT NULL,
    sent_at         BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    valid_until     BIGINT NOT NULL
);

-- +goose Down
DROP TABLE tender_registrations;
DROP TABLE tender_templates;
DROP TABLE tender_events;
DROP TABLE tender_applications;
DROP TABLE tender_searches;
DROP TABLE tender_files;
DROP TABLE tender_cursors;
DROP TABLE tender_terms;
DROP TABLE tenders;
