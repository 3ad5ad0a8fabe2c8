-- A code is a grant that has not begun: one row from the authorization to the last
-- refresh. To spend a code changes this row alone, and no index that grows with the
-- table.

-- +goose Up

-- What spends it: the hex SHA-256 of an authorization code, or an approval's id; '' = it
-- began otherwise. It stays when it is spent, so that a replay is told from a guess.
ALTER TABLE oauth_grants ADD COLUMN code TEXT NOT NULL DEFAULT '';

-- JSON, of the authorization request: what the token request is held against; '' once it
-- has begun.
ALTER TABLE oauth_grants ADD COLUMN code_form TEXT NOT NULL DEFAULT '';

-- When it is too late, and when it was done: 0 = not yet. A grant that has not begun is
-- of generation 0.
ALTER TABLE oauth_grants ADD COLUMN code_expires_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE oauth_grants ADD COLUMN begun_at BIGINT NOT NULL DEFAULT 0;

CREATE UNIQUE INDEX oauth_grants_code ON oauth_grants (code) WHERE code <> '';

-- What Purge looks for: neither is touched while a grant is at work.
CREATE INDEX oauth_grants_pending ON oauth_grants (code_expires_at) WHERE generation = 0;
CREATE INDEX oauth_grants_ended ON oauth_grants (ended_at) WHERE ended_at > 0;

-- oauth_codes is left behind for nodes of the release before, which still write to it
-- while they are replaced. Codes of theirs are unknown here: that sign-in begins anew.

-- +goose Down
DROP INDEX oauth_grants_ended;
DROP INDEX oauth_grants_pending;
DROP INDEX oauth_grants_code;
DELETE FROM oauth_grants WHERE generation = 0;
ALTER TABLE oauth_grants DROP COLUMN begun_at;
ALTER TABLE oauth_grants DROP COLUMN code_expires_at;
ALTER TABLE oauth_grants DROP COLUMN code_form;
ALTER TABLE oauth_grants DROP COLUMN code;
