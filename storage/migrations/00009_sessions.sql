-- Where a session runs, for its owner's list, and how long it may go unused
-- (microseconds, 0 = as the house says).

-- +goose Up
ALTER TABLE sessions ADD COLUMN device_id TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN ip TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN country TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN idle BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN unusual TEXT NOT NULL DEFAULT 'null'; -- JSON array: what is odd and not confirmed

-- What an organisation demands of those who act for it: JSON, the fields of
-- directory.Policy that organisations.required_acr does not hold.
CREATE TABLE organisation_policies (
    organisation_id TEXT   NOT NULL PRIMARY KEY REFERENCES organisations (id),
    policy          TEXT   NOT NULL,
    updated_at      BIGINT NOT NULL,
    stricter_at     BIGINT NOT NULL DEFAULT 0 -- sign-ins of before may not be good any more; 0 = never
);

-- What a person must do before the next sign-in ends.
CREATE TABLE obligations (
    person_id       TEXT    NOT NULL PRIMARY KEY REFERENCES persons (id),
    change_password BOOLEAN NOT NULL,
    add_factor      BOOLEAN NOT NULL,
    updated_at      BIGINT  NOT NULL
);

-- Where a person signed in from, one row a country, for telling an unusual
-- sign-in from a usual one. Degrees times a million.
CREATE TABLE signin_places (
    person_id TEXT   NOT NULL,
    country   TEXT   NOT NULL, -- ISO 3166-1 alpha-2
    latitude  BIGINT NOT NULL,
    longitude BIGINT NOT NULL,
    seen_at   BIGINT NOT NULL,
    PRIMARY KEY (person_id, country)
);

-- +goose Down
DROP TABLE signin_places;
DROP TABLE obligations;
DROP TABLE organisation_policies;
ALTER TABLE sessions DROP COLUMN unusual;
ALTER TABLE sessions DROP COLUMN idle;
ALTER TABLE sessions DROP COLUMN country;
ALTER TABLE sessions DROP COLUMN user_agent;
ALTER TABLE sessions DROP COLUMN ip;
ALTER TABLE sessions DROP COLUMN device_id;
