-- What companies file: drafts and sent reports, their signatures, what was done
-- with them and what bodies answered.

-- +goose Up

CREATE TABLE filings (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL,
    number          TEXT   NOT NULL, -- operation number, unique, with a check digit
    type            TEXT   NOT NULL, -- prefix of the report: NO_NDS
    period          TEXT   NOT NULL,
    year            BIGINT NOT NULL,
    correction      BIGINT NOT NULL,
    -- What no two living filings of an organisation may share; '' = it may.
    alive           TEXT   NOT NULL,
    state           TEXT   NOT NULL CHECK (state IN
        ('draft', 'signed', 'sent', 'delivered', 'accepted', 'refused', 'entered', 'clarification', 'corrected')),
    format          TEXT   NOT NULL, -- xml, pdf, xlsx, form
    subject         TEXT   NOT NULL,
    office          TEXT   NOT NULL, -- the body it is for
    form            TEXT   NOT NULL, -- JSON: the values of a form or spreadsheet
    file_name       TEXT   NOT NULL,
    file_id         TEXT   NOT NULL, -- the very bytes that are signed; '' = none yet
    file_sha256     TEXT   NOT NULL,
    file_size       BIGINT NOT NULL,
    source_id       TEXT   NOT NULL, -- the spreadsheet it was made from
    faults          TEXT   NOT NULL, -- JSON: what the last check found
    checked_at      BIGINT NOT NULL,
    checked_as      TEXT   NOT NULL, -- fingerprint of the profile it was checked against
    faulty          BOOLEAN NOT NULL, -- the last check found an error
    representative  BOOLEAN NOT NULL, -- the report says that a representative signs it
    amount          BIGINT NOT NULL, -- kopecks asked for
    control         TEXT   NOT NULL, -- control code, once sent
    authority       TEXT   NOT NULL, -- JSON: by which right it was sent
    body_number     TEXT   NOT NULL, -- the body's registration number
    trouble         TEXT   NOT NULL, -- why it could not be handed over
    corrects_id     TEXT   NOT NULL,
    corrected_by    TEXT   NOT NULL,
    created_by      TEXT   NOT NULL,
    version         BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    submitted_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX filings_number ON filings (number);
CREATE UNIQUE INDEX filings_alive ON filings (organisation_id, alive) WHERE alive <> '';
CREATE INDEX filings_created ON filings (organisation_id, created_at, id);
CREATE INDEX filings_state ON filings (organisation_id, state, created_at, id);
CREATE INDEX filings_type ON filings (organisation_id, type, created_at, id);
CREATE INDEX filings_year ON filings (organisation_id, year, type);

CREATE TABLE filing_signatures (
    id              TEXT   NOT NULL PRIMARY KEY,
    filing_id       TEXT   NOT NULL,
    organisation_id TEXT   NOT NULL,
    person_id       TEXT   NOT NULL,
    client_id       TEXT   NOT NULL,
    signer          TEXT   NOT NULL, -- as the certificate names him
    fingerprint     TEXT   NOT NULL, -- of the certificate
    authority       TEXT   NOT NULL, -- JSON
    verdict         TEXT   NOT NULL, -- JSON
    cms             BYTEA  NOT NULL, -- DER
    created_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX filing_signatures_filing ON filing_signatures (filing_id, fingerprint);

CREATE TABLE filing_events (
    id              TEXT   NOT NULL PRIMARY KEY,
    filing_id       TEXT   NOT NULL,
    organisation_id TEXT   NOT NULL,
    event           TEXT   NOT NULL,
    state           TEXT   NOT NULL, -- after it
    person_id       TEXT   NOT NULL,
    client_id       TEXT   NOT NULL,
    who             TEXT   NOT NULL, -- how the person is called
    text            TEXT   NOT NULL,
    at              BIGINT NOT NULL
);
CREATE INDEX filing_events_filing ON filing_events (filing_id, at, id);
CREATE INDEX filing_events_at ON filing_events (organisation_id, at, id);

CREATE TABLE filing_receipts (
    id              TEXT   NOT NULL PRIMARY KEY,
    filing_id       TEXT   NOT NULL,
    organisation_id TEXT   NOT NULL,
    event           TEXT   NOT NULL,
    number          TEXT   NOT NULL,
    source          TEXT   NOT NULL,
    subject         TEXT   NOT NULL,
    text            TEXT   NOT NULL,
    due             BIGINT NOT NULL,
    faults          TEXT   NOT NULL, -- JSON
    fields          TEXT   NOT NULL, -- JSON
    files           TEXT   NOT NULL, -- JSON
    at              BIGINT NOT NULL, -- the body's time
    received_at     BIGINT NOT NULL
);
CREATE INDEX filing_receipts_filing ON filing_receipts (filing_id, received_at, id);

-- On which day an organisation was last reminded of its deadlines.
CREATE TABLE filing_reminders (
    organisation_id TEXT NOT NULL PRIMARY KEY,
    day             TEXT NOT NULL
);

-- +goose Down
DROP TABLE filing_reminders;
DROP TABLE filing_receipts;
DROP TABLE filing_events;
DROP TABLE filing_signatures;
DROP TABLE filings;
