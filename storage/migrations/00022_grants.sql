-- +goose Up

-- The rights that the programs of one organisation have in another by power of
-- attorney. A token carries the version; when it grows, older tokens are dead.
CREATE TABLE represented_versions (
    representative_id TEXT   NOT NULL REFERENCES organisations (id),
    organisation_id   TEXT   NOT NULL REFERENCES organisations (id), -- the principal
    version           BIGINT NOT NULL,
    PRIMARY KEY (representative_id, organisation_id)
);

-- +goose Down
DROP TABLE represented_versions;
