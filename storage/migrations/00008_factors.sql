-- Credentials beside password and authenticator, and what guards them
-- (idp/directory, idp/factor). Times are unix microseconds, 0 is never.

-- +goose Up

-- sealed is the credential record of WebAuthn (public key, attestation) under
-- the master key. sign_count and backed_up change with each use and stand
-- outside it; locked_at is when a copy of the key was seen.
CREATE TABLE passkeys (
    id              TEXT    NOT NULL PRIMARY KEY,
    person_id       TEXT    NOT NULL REFERENCES persons (id),
    credential_id   TEXT    NOT NULL, -- base64url without padding
    name            TEXT    NOT NULL,
    sealed          BYTEA   NOT NULL,
    sign_count      BIGINT  NOT NULL,
    backup_eligible BOOLEAN NOT NULL,
    backed_up       BOOLEAN NOT NULL,
    aaguid          TEXT    NOT NULL,
    attestation     TEXT    NOT NULL,
    created_at      BIGINT  NOT NULL,
    used_at         BIGINT  NOT NULL,
    locked_at       BIGINT  NOT NULL
);
CREATE UNIQUE INDEX passkeys_credential_id ON passkeys (credential_id);
CREATE INDEX passkeys_person_id ON passkeys (person_id, id);

-- mac is an HMAC under a key of the master key: the codes are short enough to
-- be searched for.
CREATE TABLE recovery_codes (
    person_id  TEXT   NOT NULL REFERENCES persons (id),
    mac        TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL,
    PRIMARY KEY (person_id, mac)
);

-- failures counts the wrong tries since the last right one; 3 is locked.
CREATE TABLE pins (
    person_id       TEXT   NOT NULL REFERENCES persons (id),
    organisation_id TEXT   NOT NULL REFERENCES organisations (id),
    hash            TEXT   NOT NULL, -- PHC string, argon2id of the peppered PIN
    failures        BIGINT NOT NULL,
    set_at          BIGINT NOT NULL,
    PRIMARY KEY (person_id, organisation_id)
);

-- A browser in which the person has signed in. trusted_until is until when it
-- stands in for the second factor.
CREATE TABLE devices (
    id            TEXT   NOT NULL PRIMARY KEY,
    person_id     TEXT   NOT NULL REFERENCES persons (id),
    secret_hash   TEXT   NOT NULL, -- SHA-256, hexadecimal
    user_agent    TEXT   NOT NULL,
    ip            TEXT   NOT NULL,
    country       TEXT   NOT NULL,
    trusted_until BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    seen_at       BIGINT NOT NULL
);
CREATE UNIQUE INDEX devices_secret_hash ON devices (person_id, secret_hash);

CREATE TABLE password_history (
    id          TEXT   NOT NULL PRIMARY KEY,
    person_id   TEXT   NOT NULL REFERENCES persons (id),
    hash        TEXT   NOT NULL, -- PHC string, argon2id
    replaced_at BIGINT NOT NULL
);
CREATE INDEX password_history_person_id ON password_history (person_id, id);

-- Factors locked until a recovery or an administrator; locks that end by
-- themselves are short-lived state. scope is the known device, or for a PIN the
-- organisation; '' is every device that is not known.
CREATE TABLE factor_locks (
    person_id TEXT   NOT NULL REFERENCES persons (id),
    factor    TEXT   NOT NULL,
    scope     TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    locked_at BIGINT NOT NULL,
    PRIMARY KEY (person_id, factor, scope)
);

-- +goose Down
DROP TABLE factor_locks;
DROP TABLE password_history;
DROP TABLE devices;
DROP TABLE pins;
DROP TABLE recovery_codes;
DROP TABLE passkeys;
