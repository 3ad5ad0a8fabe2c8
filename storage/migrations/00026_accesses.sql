
-- +goose Up
-- What is open in the name of an organisation, newest first: its administrators
-- look at it and end it.
CREATE INDEX oauth_grants_at_work ON oauth_grants (organisation_id, created_at, id) WHERE ended_at = 0;

-- +goose Down
DROP INDEX oauth_grants_at_work;
