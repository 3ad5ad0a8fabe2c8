-- Qualified certificates that people sign in with (idp/directory), and which of
-- a person's numbers somebody has vouched for.

-- +goose Up

-- A certificate opens the account of its СНИЛС or ИНН only where the account's
-- number is verified: by an operator who saw the document, or by a certificate.
-- The numbers kept so far were all entered by operators.
ALTER TABLE persons ADD COLUMN snils_verified BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE persons ADD COLUMN inn_verified BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE persons SET snils_verified = TRUE WHERE snils <> '';
UPDATE persons SET inn_verified = TRUE WHERE inn <> '';

-- One row for a certificate, for ever: one that its owner has removed must not
-- come back by itself at the next sign-in with it.
CREATE TABLE certificates (
    id           TEXT   NOT NULL PRIMARY KEY,
    person_id    TEXT   NOT NULL REFERENCES persons (id),
    fingerprint  TEXT   NOT NULL, -- SHA-256 of the certificate, hexadecimal
    raw          BYTEA  NOT NULL, -- DER
    serial       TEXT   NOT NULL, -- hexadecimal
    issuer       TEXT   NOT NULL,
    owner        TEXT   NOT NULL, -- the subject's name, to be read only
    kind         TEXT   NOT NULL, -- person, organisation, sole
    organisation TEXT   NOT NULL, -- the name of the organisation in it, to be read only
    algorithm    TEXT   NOT NULL,
    class        TEXT   NOT NULL,
    not_before   BIGINT NOT NULL,
    not_after    BIGINT NOT NULL,
    bound_at     BIGINT NOT NULL,
    used_at      BIGINT NOT NULL,
    revoked_at   BIGINT NOT NULL, -- when it was found to be revoked
    warned_at    BIGINT NOT NULL, -- when the owner was told that it expires
    removed_at   BIGINT NOT NULL  -- 0 while bound
);
CREATE UNIQUE INDEX certificates_fingerprint ON certificates (fingerprint);
CREATE INDEX certificates_person ON certificates (person_id, id) WHERE removed_at = 0;
CREATE INDEX certificates_end ON certificates (not_after, id) WHERE removed_at = 0;

-- +goose Down
DROP TABLE certificates;
ALTER TABLE persons DROP COLUMN inn_verified;
ALTER TABLE persons DROP COLUMN snils_verified;
