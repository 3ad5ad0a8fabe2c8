-- Notices (cabinet/notice) and webhooks (cabinet/webhook).

-- +goose Up

-- What happened, once. Notices of people point here for the words. spread_at is
-- when everybody had been told; 0 while that goes on.
CREATE TABLE notice_events (
    id              TEXT   NOT NULL PRIMARY KEY,
    type            TEXT   NOT NULL,
    organisation_id TEXT   NOT NULL, -- '' = personal, or for everybody
    category        TEXT   NOT NULL,
    importance      BIGINT NOT NULL,
    permission      TEXT   NOT NULL,
    persons         TEXT   NOT NULL,
    texts           TEXT   NOT NULL,
    path            TEXT   NOT NULL,
    source          TEXT   NOT NULL,
    document        TEXT   NOT NULL,
    data            TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    spread_at       BIGINT NOT NULL
);
CREATE INDEX notice_events_created ON notice_events (created_at);
CREATE INDEX notice_events_news ON notice_events (created_at, id) WHERE category = 'news';

-- The last number given to a notice of a person in an organisation. Raising it is
-- what puts his notices in the order of their commits, so that whoever has seen
-- number n has seen all before it.
CREATE TABLE notice_counters (
    organisation_id TEXT   NOT NULL,
    person_id       TEXT   NOT NULL,
    last            BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, person_id)
);

CREATE TABLE notices (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL,
    person_id       TEXT   NOT NULL,
    seq             BIGINT NOT NULL,
    event_id        TEXT   NOT NULL REFERENCES notice_events (id),
    category        TEXT   NOT NULL,
    type            TEXT   NOT NULL,
    importance      BIGINT NOT NULL,
    permission      TEXT   NOT NULL,
    document        TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    read_at         BIGINT NOT NULL
);
CREATE UNIQUE INDEX notices_person ON notices (organisation_id, person_id, seq);
CREATE INDEX notices_unread ON notices (organisation_id, person_id, seq) WHERE read_at = 0;
CREATE UNIQUE INDEX notices_event ON notices (event_id, person_id);
CREATE INDEX notices_created ON notices (created_at);

-- person_id '' holds what the organisation sets for its members;
-- organisation_id '' what the person sets for his own notices.
CREATE TABLE notice_settings (
    organisation_id TEXT   NOT NULL,
    person_id       TEXT   NOT NULL,
    settings        TEXT   NOT NULL,
    version         BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, person_id)
);

-- A device that takes Web Push (RFC 8030). sealed: endpoint and keys.
CREATE TABLE push_subscriptions (
    id            TEXT   NOT NULL PRIMARY KEY,
    person_id     TEXT   NOT NULL REFERENCES persons (id),
    endpoint_hash TEXT   NOT NULL, -- SHA-256 of the endpoint, hexadecimal
    host          TEXT   NOT NULL,
    device        TEXT   NOT NULL,
    sealed        BYTEA  NOT NULL,
    created_at    BIGINT NOT NULL,
    used_at       BIGINT NOT NULL
);
CREATE UNIQUE INDEX push_subscriptions_endpoint ON push_subscriptions (endpoint_hash);
CREATE INDEX push_subscriptions_person ON push_subscriptions (person_id, id);

-- The key by which push services know us (RFC 8292), under the master key.
CREATE TABLE push_keys (
    id         TEXT   NOT NULL PRIMARY KEY,
    sealed     BYTEA  NOT NULL,
    created_at BIGINT NOT NULL
);

-- One way by which one person was, or will be, told. message_id is the outbox's;
-- '' before it is handed over.
CREATE TABLE notice_deliveries (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL,
    person_id       TEXT   NOT NULL,
    notice_id       TEXT   NOT NULL,
    channel         TEXT   NOT NULL CHECK (channel IN ('email', 'sms', 'push')),
    target          TEXT   NOT NULL, -- masked
    subscription_id TEXT   NOT NULL,
    state           TEXT   NOT NULL CHECK (state IN ('waiting', 'digest', 'queued', 'sent', 'delivered', 'failed', 'dropped')),
    reason          TEXT   NOT NULL,
    message_id      TEXT   NOT NULL,
    due_at          BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    sent_at         BIGINT NOT NULL,
    settled_at      BIGINT NOT NULL
);
CREATE INDEX notice_deliveries_person ON notice_deliveries (organisation_id, person_id, created_at, id);
CREATE INDEX notice_deliveries_notice ON notice_deliveries (notice_id);
CREATE INDEX notice_deliveries_message ON notice_deliveries (message_id) WHERE message_id <> '';
CREATE INDEX notice_deliveries_due ON notice_deliveries (due_at, id) WHERE state IN ('waiting', 'digest');
CREATE INDEX notice_deliveries_created ON notice_deliveries (created_at);

-- due_at is when the dispatcher looks at the webhook next, 0 never; the end of
-- the lease while one works for it.
CREATE TABLE webhooks (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL REFERENCES organisations (id),
    url             TEXT   NOT NULL,
    description     TEXT   NOT NULL,
    program         TEXT   NOT NULL,
    types           TEXT   NOT NULL, -- JSON; empty = all
    permissions     TEXT   NOT NULL, -- of who chose the types, when he did
    sealed          BYTEA  NOT NULL, -- the secrets
    state           TEXT   NOT NULL CHECK (state IN ('active', 'paused', 'disabled')),
    reason          TEXT   NOT NULL,
    failures        BIGINT NOT NULL, -- attempts in a row
    failing_since   BIGINT NOT NULL,
    succeeded_at    BIGINT NOT NULL,
    due_at          BIGINT NOT NULL,
    lease           TEXT   NOT NULL,
    version         BIGINT NOT NULL,
    created_by      TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);
CREATE INDEX webhooks_organisation ON webhooks (organisation_id, created_at, id);
CREATE INDEX webhooks_due ON webhooks (due_at) WHERE due_at > 0;

CREATE TABLE webhook_deliveries (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL,
    webhook_id      TEXT   NOT NULL,
    message_id      TEXT   NOT NULL, -- webhook-id: the same for every attempt
    type            TEXT   NOT NULL,
    body            TEXT   NOT NULL,
    state           TEXT   NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
    attempts        BIGINT NOT NULL,
    first_at        BIGINT NOT NULL, -- of the attempts since it was asked for
    due_at          BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    settled_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX webhook_deliveries_message ON webhook_deliveries (webhook_id, message_id);
CREATE INDEX webhook_deliveries_list ON webhook_deliveries (organisation_id, webhook_id, created_at, id);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_at, id) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_created ON webhook_deliveries (created_at);

-- One request to the endpoint.
CREATE TABLE webhook_attempts (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL,
    delivery_id     TEXT   NOT NULL,
    at              BIGINT NOT NULL,
    took            BIGINT NOT NULL, -- microseconds
    status          BIGINT NOT NULL, -- 0 = no answer
    error           TEXT   NOT NULL,
    request_headers TEXT   NOT NULL,
    answer          TEXT   NOT NULL
);
CREATE INDEX webhook_attempts_delivery ON webhook_attempts (delivery_id, at, id);
CREATE INDEX webhook_attempts_at ON webhook_attempts (at);

-- +goose Down
DROP TABLE webhook_attempts;
DROP TABLE webhook_deliveries;
DROP TABLE webhooks;
DROP TABLE notice_deliveries;
DROP TABLE push_keys;
DROP TABLE push_subscriptions;
DROP TABLE notice_settings;
DROP TABLE notices;
DROP TABLE notice_counters;
DROP TABLE notice_events;
