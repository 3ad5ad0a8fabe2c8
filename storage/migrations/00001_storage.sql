-- What the packages jobs, outbox, journal and revocation keep.

-- +goose Up

-- A job waits until run_at. A worker that takes it moves run_at to the end of
-- its lease, so the job of a killed worker falls due again by itself.
CREATE TABLE jobs (
    id           TEXT    NOT NULL PRIMARY KEY,
    kind         TEXT    NOT NULL,
    unique_key   TEXT,
    payload      TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('ready', 'dead')),
    run_at       BIGINT  NOT NULL,
    lease        TEXT    NOT NULL,
    attempt      BIGINT  NOT NULL,
    max_attempts BIGINT  NOT NULL,
    last_error   TEXT    NOT NULL,
    created_at   BIGINT  NOT NULL
);
CREATE INDEX jobs_due ON jobs (state, run_at);
CREATE UNIQUE INDEX jobs_unique ON jobs (kind, unique_key);

CREATE TABLE job_schedules (
    name    TEXT   NOT NULL PRIMARY KEY,
    next_at BIGINT NOT NULL
);

CREATE TABLE outbox (
    id         TEXT   NOT NULL PRIMARY KEY,
    channel    TEXT   NOT NULL,
    sealed     BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at    BIGINT NOT NULL
);
CREATE INDEX outbox_created ON outbox (created_at);

-- One row a chain; updating it is what puts its entries in order.
CREATE TABLE journal_chains (
    organisation TEXT   NOT NULL PRIMARY KEY,
    seq          BIGINT NOT NULL,
    hash         TEXT   NOT NULL
);

CREATE TABLE journal (
    organisation TEXT   NOT NULL,
    seq          BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    actor        TEXT   NOT NULL,
    client       TEXT   NOT NULL,
    action       TEXT   NOT NULL,
    object       TEXT   NOT NULL,
    outcome      TEXT   NOT NULL,
    details      TEXT   NOT NULL,
    ip           TEXT   NOT NULL,
    user_agent   TEXT   NOT NULL,
    request_id   TEXT   NOT NULL,
    prev         TEXT   NOT NULL,
    hash         TEXT   NOT NULL,
    PRIMARY KEY (organisation, seq)
);
CREATE INDEX journal_actor ON journal (organisation, actor, seq);

-- below: for a member, tokens with a lower membership version are dead.
-- A cleared row stays until it expires, so that those who poll learn of it.
CREATE TABLE revocations (
    kind       TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    below      BIGINT  NOT NULL,
    until      BIGINT  NOT NULL,
    cleared    BOOLEAN NOT NULL,
    changed_at BIGINT  NOT NULL,
    PRIMARY KEY (kind, subject)
);
CREATE INDEX revocations_changed ON revocations (changed_at);

-- +goose Down
DROP TABLE revocations;
DROP TABLE journal;
DROP TABLE journal_chains;
DROP TABLE outbox;
DROP TABLE job_schedules;
DROP TABLE jobs;
