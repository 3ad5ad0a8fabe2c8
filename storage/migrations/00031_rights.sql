-- +goose Up
-- A member whose access an administrator has stopped stays one and does not come in,
-- until an administrator lifts it; 0 = he is not stopped.
ALTER TABLE members ADD COLUMN stopped_at BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE members DROP COLUMN stopped_at;
