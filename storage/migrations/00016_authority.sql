-- The gateway to state bodies (cabinet/authority) and the imported register of
-- organisations (cabinet/authority/registry).

-- +goose Up

-- What was asked to be sent. The content is the room's; here is only how it fares.
CREATE TABLE authority_submissions (
    id              TEXT   NOT NULL PRIMARY KEY, -- the room's; the body knows it by this id
    kind            TEXT   NOT NULL,
    organisation_id TEXT   NOT NULL,             -- '' until it was loaded for the first time
    recipient       TEXT   NOT NULL,
    body            TEXT   NOT NULL,             -- the configured name; written before the first sending
    state           TEXT   NOT NULL CHECK (state IN ('queued', 'sent', 'dead', 'withdrawn')),
    number          TEXT   NOT NULL,             -- the body's own
    receipt         TEXT   NOT NULL,             -- both signed messages, JSON: the proof that the body has it; '' until then
    attempts        BIGINT NOT NULL,
    fault           TEXT   NOT NULL,             -- of the last attempt
    next_seq        BIGINT NOT NULL,             -- the Seq of the answer whose turn it is
    created_at      BIGINT NOT NULL,
    next_at         BIGINT NOT NULL,             -- when it will be tried again; when it ended
    sent_at         BIGINT NOT NULL
);
CREATE INDEX authority_submissions_state ON authority_submissions (state, next_at, id);

-- What bodies said. The content goes when it was handled; the digest stays, so
-- that a repeat is known for one.
CREATE TABLE authority_answers (
    id            TEXT   NOT NULL PRIMARY KEY,
    body          TEXT   NOT NULL,
    answer_id     TEXT   NOT NULL, -- the body's own
    submission_id TEXT   NOT NULL, -- '' = unasked
    seq           BIGINT NOT NULL,
    event         TEXT   NOT NULL,
    state         TEXT   NOT NULL CHECK (state IN ('waiting', 'handled', 'dead')),
    digest        TEXT   NOT NULL,
    content       TEXT   NOT NULL, -- JSON
    attempts      BIGINT NOT NULL,
    fault         TEXT   NOT NULL,
    received_at   BIGINT NOT NULL,
    next_at       BIGINT NOT NULL
);
CREATE UNIQUE INDEX authority_answers_once ON authority_answers (body, answer_id);
CREATE INDEX authority_answers_turn ON authority_answers (submission_id, state, seq);
CREATE INDEX authority_answers_state ON authority_answers (state, next_at, id);

-- Where asking a body for its answers goes on.
CREATE TABLE authority_cursors (
    body      TEXT   NOT NULL PRIMARY KEY,
    after     TEXT   NOT NULL,
    polled_at BIGINT NOT NULL
);

CREATE TABLE registry_records (
    ogrn         TEXT   NOT NULL PRIMARY KEY, -- ОГРН or ОГРНИП
    inn          TEXT   NOT NULL,
    extract_date TEXT   NOT NULL,             -- ISO 8601, so that the newer one is the greater text
    record       TEXT   NOT NULL,             -- authority.Record as JSON
    imported_at  BIGINT NOT NULL
);
CREATE INDEX registry_records_inn ON registry_records (inn, extract_date, ogrn);

-- Files of the register that were imported, so that an import that was cut goes on
-- where it stopped.
CREATE TABLE registry_files (
    digest     TEXT   NOT NULL PRIMARY KEY, -- SHA-256 of the file, hexadecimal
    name       TEXT   NOT NULL,
    done       BIGINT NOT NULL,             -- records of it that are in, counted from its beginning
    faults     BIGINT NOT NULL,
    finished   BOOLEAN NOT NULL,
    changed_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE registry_files;
DROP TABLE registry_records;
DROP TABLE authority_cursors;
DROP TABLE authority_answers;
DROP TABLE authority_submissions;
