-- One push of a stream at a time (idp/signals).

-- +goose Up

-- Which of the stream's push jobs is the one: those of earlier turns end.
ALTER TABLE signal_streams ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE signal_streams DROP COLUMN turn;
