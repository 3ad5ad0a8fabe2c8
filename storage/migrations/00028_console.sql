-- The operators' console: who of them does what, and what they search by.

-- +goose Up

-- Operators of before did everything, and go on so.
ALTER TABLE operators ADD COLUMN roles TEXT NOT NULL DEFAULT 'support moderator security';

-- By which words people and organisations are found. A word is bytes: its order is
-- then the same on every engine and in every locale, so that a beginning is a range.
CREATE TABLE console_words (
    kind      TEXT  NOT NULL CHECK (kind IN ('person', 'organisation')),
    word      BYTEA NOT NULL, -- lower case, UTF-8
    object_id TEXT  NOT NULL,
    PRIMARY KEY (kind, word, object_id)
);
CREATE INDEX console_words_object ON console_words (kind, object_id);

-- How far the words are: everything changed until then is in them.
CREATE TABLE console_indexed (
    kind       TEXT   NOT NULL PRIMARY KEY,
    updated_at BIGINT NOT NULL,
    object_id  TEXT   NOT NULL
);
CREATE INDEX persons_updated ON persons (updated_at, id);
CREATE INDEX organisations_updated ON organisations (updated_at, id);
-- Those of before have only organisations that are active.
CREATE INDEX organisations_every_inn ON organisations (inn);
CREATE INDEX organisations_every_ogrn ON organisations (ogrn);

-- The console lists dead letters by kind, and the outbox by channel.
CREATE INDEX jobs_kind ON jobs (kind, state, run_at);
CREATE INDEX outbox_channel ON outbox (channel, created_at, id);

-- +goose Down
DROP INDEX outbox_channel;
DROP INDEX jobs_kind;
DROP INDEX organisations_every_ogrn;
DROP INDEX organisations_every_inn;
DROP INDEX organisations_updated;
DROP INDEX persons_updated;
DROP TABLE console_indexed;
DROP TABLE console_words;
ALTER TABLE operators DROP COLUMN roles;
