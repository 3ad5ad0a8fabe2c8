-- Signing keys in PKCS #11 tokens (idp/keys), Shared Signals and status lists
-- (idp/signals).

-- +goose Up

-- Where the private key lies: 'database' (sealed holds it, PKCS #8) or 'token'
-- (sealed holds the name by which the token finds it).
ALTER TABLE signing_keys ADD COLUMN store TEXT NOT NULL DEFAULT 'database';

-- An event stream of a receiver (OpenID Shared Signals Framework 1.0 §8.1).
CREATE TABLE signal_streams (
    id              TEXT    NOT NULL PRIMARY KEY,
    client_id       TEXT    NOT NULL, -- the receiver
    organisation_id TEXT    NOT NULL, -- that owns the client; '' = none
    method          TEXT    NOT NULL, -- urn:ietf:rfc:8935 (push), urn:ietf:rfc:8936 (poll)
    endpoint        TEXT    NOT NULL, -- of pushes
    sealed          BYTEA   NOT NULL, -- Authorization header of pushes; empty = none
    description     TEXT    NOT NULL,
    events          TEXT    NOT NULL, -- JSON array of the event types asked for
    status          TEXT    NOT NULL, -- enabled, paused, disabled
    reason          TEXT    NOT NULL,
    failures        BIGINT  NOT NULL, -- pushes that failed in a row
    failing_since   BIGINT  NOT NULL, -- 0 = it answers
    verified_at     BIGINT  NOT NULL, -- when verification was asked for last
    sequence        BIGINT  NOT NULL, -- of the last event
    waiting         BIGINT  NOT NULL, -- rows in signal_events
    created_at      BIGINT  NOT NULL,
    updated_at      BIGINT  NOT NULL
);
CREATE INDEX signal_streams_client ON signal_streams (client_id, id);
CREATE INDEX signal_streams_organisation ON signal_streams (organisation_id, id);

-- What the receiver has taken out of a stream. person and tenant are as the
-- receiver knows them; '' = any.
CREATE TABLE signal_subjects (
    stream_id  TEXT   NOT NULL REFERENCES signal_streams (id) ON DELETE CASCADE,
    person     TEXT   NOT NULL,
    tenant     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (stream_id, person, tenant)
);

-- Events that wait for their receiver, in order. claims: the payload of the SET
-- (RFC 8417 §2.2), which is signed when it is handed over.
CREATE TABLE signal_events (
    stream_id  TEXT   NOT NULL REFERENCES signal_streams (id) ON DELETE CASCADE,
    sequence   BIGINT NOT NULL,
    jti        TEXT   NOT NULL,
    claims     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (stream_id, sequence)
);
CREATE UNIQUE INDEX signal_events_jti ON signal_events (stream_id, jti);
CREATE INDEX signal_events_created ON signal_events (created_at);

-- Places in status lists (draft-ietf-oauth-status-list): one for all tokens of
-- one grant, or of one client for itself, within the time of a list.
CREATE TABLE token_statuses (
    list            TEXT   NOT NULL,
    idx             BIGINT NOT NULL,
    owner           TEXT   NOT NULL, -- what the place is for, within the time of the list
    generation      BIGINT NOT NULL, -- of the owner's places; the last one is given to tokens
    client_id       TEXT   NOT NULL,
    grant_id        TEXT   NOT NULL, -- '' = the client's own
    session_id      TEXT   NOT NULL,
    person_id       TEXT   NOT NULL,
    organisation_id TEXT   NOT NULL,
    origin_id       TEXT   NOT NULL, -- client that an exchanged token was issued to first; '' = none
    member_version  BIGINT NOT NULL,
    power_version   BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    ends_at         BIGINT NOT NULL, -- when the last token of the place has expired
    PRIMARY KEY (list, idx)
);
CREATE UNIQUE INDEX token_statuses_owner ON token_statuses (owner, generation);
CREATE INDEX token_statuses_list ON token_statuses (list, created_at);
CREATE INDEX token_statuses_ends ON token_statuses (ends_at);

-- An organisation's grants, for whom its closing is of concern.
CREATE INDEX oauth_grants_organisation ON oauth_grants (organisation_id);

-- +goose Down
DROP INDEX oauth_grants_organisation;
DROP TABLE token_statuses;
DROP TABLE signal_events;
DROP TABLE signal_subjects;
DROP TABLE signal_streams;
ALTER TABLE signing_keys DROP COLUMN store;
