-- +goose Up
-- A member whose access an administrator has stopped stays one and does not come in,
-- until an administrator lifts it; 0 = he is not stopped.
ALTER TABLE members ADD COLUMN stopped_at BIGINT NOT NULL DEFAULT 0;

-- How many bytes an organisation has in the blob store, loose files with them.
CREATE TABLE file_usage (
    organisation_id TEXT   NOT NULL PRIMARY KEY,
    bytes           BIGINT NOT NULL
);
INSERT INTO file_usage (organisation_id, bytes) SELECT organisation_id, SUM(size) FROM files GROUP BY organisation_id;
-- What came in and nobody has kept.
CREATE INDEX files_unkept ON files (organisation_id) WHERE loose_at > 0;

-- Who has asked colleagues for which right, on which day (2006-01-02, UTC).
CREATE TABLE access_asks (
    organisation_id TEXT NOT NULL,
    person_id       TEXT NOT NULL,
    day             TEXT NOT NULL,
    permission      TEXT NOT NULL,
    PRIMARY KEY (organisation_id, person_id, day, permission)
);
CREATE INDEX access_asks_day ON access_asks (day);

-- +goose Down
DROP TABLE access_asks;
DROP INDEX files_unkept;
DROP TABLE file_usage;
ALTER TABLE members DROP COLUMN stopped_at;
