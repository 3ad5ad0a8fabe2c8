-- The pictures of applications, as this house has made them (idp/client/logo).

-- +goose Up

CREATE TABLE client_logos (
    client_id  TEXT   NOT NULL PRIMARY KEY REFERENCES oauth_clients (id) ON DELETE CASCADE,
    uri        TEXT   NOT NULL, -- where it was fetched
    digest     TEXT   NOT NULL, -- SHA-256 of picture, hexadecimal; '' = there is none that could be shown
    picture    BYTEA  NOT NULL, -- PNG
    fetched_at BIGINT NOT NULL  -- when it was last tried
);
CREATE INDEX client_logos_digest ON client_logos (digest);

-- +goose Down
DROP TABLE client_logos;
