-- What grants, keys and signals keep besides (idp/keys, idp/oauth, idp/signals).

-- +goose Up

-- The keys that were withdrawn: none of them ever comes back, from whatever file.
CREATE TABLE withdrawn_keys (
    kid          TEXT   NOT NULL PRIMARY KEY,
    withdrawn_at BIGINT NOT NULL
);
INSERT INTO withdrawn_keys (kid, withdrawn_at)
    SELECT subject, changed_at FROM revocations WHERE kind = 'signing_key';

-- The keys to which clients encrypt by RSA: one a period, the same on every node.
CREATE TABLE encryption_keys (
    period     BIGINT NOT NULL PRIMARY KEY,
    kid        TEXT   NOT NULL,
    sealed     BYTEA  NOT NULL,
    created_at BIGINT NOT NULL
);

-- An event as it was signed for its receiver; '' = it was not handed over yet.
ALTER TABLE signal_events ADD COLUMN signed TEXT NOT NULL DEFAULT '';

-- The token that those of a place were exchanged from; '' = from none.
ALTER TABLE token_statuses ADD COLUMN exchanged_from TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE token_statuses DROP COLUMN exchanged_from;
ALTER TABLE signal_events DROP COLUMN signed;
DROP TABLE encryption_keys;
DROP TABLE withdrawn_keys;
