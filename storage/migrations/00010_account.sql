-- The closing of people's accounts (idp/directory/closing.go). Times are unix
-- microseconds, 0 is never.

-- +goose Up

-- A closed person stays in persons, blocked and without contacts and numbers:
-- journals speak of him.
CREATE TABLE person_closings (
    person_id TEXT   NOT NULL PRIMARY KEY REFERENCES persons (id),
    asked_at  BIGINT NOT NULL,
    due_at    BIGINT NOT NULL,
    closed_at BIGINT NOT NULL -- 0 = it can still be undone
);
CREATE INDEX person_closings_due ON person_closings (due_at) WHERE closed_at = 0;

-- +goose Down
DROP TABLE person_closings;
