-- What organisations owe to the budget and how they pay it (cabinet/payment).
-- Times are unix microseconds, 0 is never. Amounts are kopecks.

-- +goose Up

-- Accruals as their administrators have told of them: one row for an УИН.
CREATE TABLE accruals (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL REFERENCES organisations (id),
    uin             TEXT   NOT NULL,
    kind            TEXT   NOT NULL CHECK (kind IN ('tax', 'fee', 'duty', 'fine', 'penalty')),
    status          TEXT   NOT NULL CHECK (status IN ('due', 'paid', 'cancelled')),
    amount          BIGINT NOT NULL CHECK (amount > 0),
    paid            BIGINT NOT NULL CHECK (paid >= 0), -- never goes down
    billed_at       BIGINT NOT NULL, -- midnight UTC of the day
    due_at          BIGINT NOT NULL, -- midnight UTC of the last day; the end of 9999: no term
    purpose         TEXT   NOT NULL,
    calculation     TEXT   NOT NULL,
    payee           TEXT   NOT NULL,
    payee_inn       TEXT   NOT NULL,
    requisites      TEXT   NOT NULL, -- JSON
    documents       TEXT   NOT NULL, -- JSON
    source          TEXT   NOT NULL, -- the body that told of it
    payment_id      TEXT   NOT NULL, -- that is under way: an accrual has one at a time; '' = none
    search          TEXT   NOT NULL, -- what is looked for, in lower case
    version         BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    remind_at       BIGINT NOT NULL, -- 0 = nobody is to be reminded
    UNIQUE (organisation_id, uin)
);
CREATE INDEX accruals_billed ON accruals (organisation_id, billed_at DESC, id DESC);
CREATE INDEX accruals_due ON accruals (organisation_id, due_at, id);
CREATE INDEX accruals_amount ON accruals (organisation_id, amount DESC, id DESC);
CREATE INDEX accruals_open ON accruals (organisation_id, due_at, id) WHERE status = 'due';
CREATE INDEX accruals_remind ON accruals (remind_at) WHERE remind_at > 0;

-- When an organisation's accruals were last asked for, and what came of it.
CREATE TABLE accrual_inquiries (
    organisation_id TEXT   NOT NULL PRIMARY KEY REFERENCES organisations (id),
    submission_id   TEXT   NOT NULL UNIQUE,
    state           TEXT   NOT NULL CHECK (state IN ('asked', 'answered', 'refused')),
    reason          TEXT   NOT NULL, -- why it was refused
    faults          TEXT   NOT NULL, -- JSON: charges of the answer that were not taken
    received        BIGINT NOT NULL, -- charges of the answer that were taken
    asked_at        BIGINT NOT NULL,
    answered_at     BIGINT NOT NULL,
    next_at         BIGINT NOT NULL
);
CREATE INDEX accrual_inquiries_due ON accrual_inquiries (next_at);

-- Accounts that an organisation pays from, confirmed by a code.
CREATE TABLE payment_accounts (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL REFERENCES organisations (id),
    account         TEXT   NOT NULL,
    bic             TEXT   NOT NULL,
    state           TEXT   NOT NULL CHECK (state IN ('asked', 'linked')),
    asked_by        TEXT   NOT NULL, -- the person whom the code was sent to
    code            TEXT   NOT NULL, -- HMAC; '' = spent
    tries           BIGINT NOT NULL,
    sends           BIGINT NOT NULL,
    sent_at         BIGINT NOT NULL,
    linked_by       TEXT   NOT NULL,
    linked_at       BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    UNIQUE (organisation_id, bic, account)
);

CREATE TABLE payments (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL REFERENCES organisations (id),
    number          BIGINT NOT NULL, -- of the organisation's payment orders, from 1
    method          TEXT   NOT NULL CHECK (method IN ('card', 'wallet', 'sbp', 'account')),
    status          TEXT   NOT NULL CHECK (status IN ('created', 'sent', 'paid', 'refused', 'expired', 'cancelled')),
    amount          BIGINT NOT NULL CHECK (amount > 0),
    items           TEXT   NOT NULL, -- JSON: the accruals as they were
    payer           TEXT   NOT NULL, -- JSON
    reason          TEXT   NOT NULL, -- why it was not paid
    reference       TEXT   NOT NULL, -- the provider's number
    pay_url         TEXT   NOT NULL, -- the provider's page
    qr              TEXT   NOT NULL, -- what a QR code says
    signature       BYTEA,           -- of the payment order, CMS in DER
    signer          TEXT   NOT NULL,
    authority       TEXT   NOT NULL, -- JSON: by which right it was begun
    created_by      TEXT   NOT NULL,
    client_id       TEXT   NOT NULL,
    receipt         TEXT   NOT NULL, -- JSON: ids of the files
    version         BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    look_at         BIGINT NOT NULL, -- when somebody is to look how it stands; 0 = it is over
    signed_at       BIGINT NOT NULL,
    paid_at         BIGINT NOT NULL,
    UNIQUE (organisation_id, number)
);
CREATE INDEX payments_list ON payments (organisation_id, created_at DESC, id DESC);
CREATE INDEX payments_status ON payments (organisation_id, status, created_at DESC, id DESC);
CREATE INDEX payments_look ON payments (look_at) WHERE look_at > 0;

-- The numbers of payment orders: each organisation counts its own.
CREATE TABLE payment_numbers (
    organisation_id TEXT   NOT NULL PRIMARY KEY REFERENCES organisations (id),
    last            BIGINT NOT NULL
);

CREATE TABLE payment_items (
    payment_id      TEXT   NOT NULL REFERENCES payments (id),
    accrual_id      TEXT   NOT NULL REFERENCES accruals (id),
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (payment_id, accrual_id)
);
CREATE INDEX payment_items_accrual ON payment_items (accrual_id, created_at DESC);

-- Which support ticket is about which accrual.
CREATE TABLE accrual_problems (
    accrual_id      TEXT   NOT NULL REFERENCES accruals (id),
    request_id      TEXT   NOT NULL,
    number          TEXT   NOT NULL,
    reason          TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (accrual_id, request_id)
);

-- +goose Down
DROP TABLE accrual_problems;
DROP TABLE payment_items;
DROP TABLE payment_numbers;
DROP TABLE payments;
DROP TABLE payment_accounts;
DROP TABLE accrual_inquiries;
DROP TABLE accruals;
