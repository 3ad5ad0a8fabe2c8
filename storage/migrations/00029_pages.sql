-- +goose Up
-- Who decided about a change: its page asks for the operators' word by the change.
CREATE INDEX organisation_moderation_about ON organisation_moderation (kind, object_id, state);

-- +goose Down
DROP INDEX organisation_moderation_about;
