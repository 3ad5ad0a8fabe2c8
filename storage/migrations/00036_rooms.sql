-- Exports that take long (cabinet/export), and a list by another column. Times are unix microseconds, 0 is never.

-- +goose Up

CREATE TABLE exports (
    id              TEXT    NOT NULL PRIMARY KEY,
    organisation_id TEXT    NOT NULL REFERENCES organisations (id),
    owner           TEXT    NOT NULL, -- the person, or "client:" and the client that acts for itself
    reach           TEXT    NOT NULL, -- digest of the limits of its orderer's token, '' without any
    kind            TEXT    NOT NULL, -- of list
    format          TEXT    NOT NULL CHECK (format IN ('xlsx', 'pdf')),
    lang            TEXT    NOT NULL,
    subtitle        TEXT    NOT NULL, -- whose list it is, as the file says
    ask             TEXT    NOT NULL, -- JSON: which rows
    state           TEXT    NOT NULL CHECK (state IN ('waiting', 'making', 'ready', 'failed')),
    rows_done       BIGINT  NOT NULL,
    rows_total      BIGINT  NOT NULL,
    cut             BOOLEAN NOT NULL, -- there were more rows than the file has
    name            TEXT    NOT NULL, -- of the file, '' before
    size            BIGINT  NOT NULL, -- bytes
    file_id         TEXT    NOT NULL,
    created_at      BIGINT  NOT NULL,
    updated_at      BIGINT  NOT NULL,
    ready_at        BIGINT  NOT NULL,
    ends_at         BIGINT  NOT NULL  -- when it is forgotten
);
CREATE INDEX exports_list ON exports (organisation_id, owner, created_at DESC, id DESC);
CREATE INDEX exports_ends ON exports (ends_at);

-- Accruals by description (row 224): what is looked for begins with it, in lower case.
CREATE INDEX accruals_purpose ON accruals (organisation_id, search, id);

-- +goose Down
DROP INDEX accruals_purpose;
DROP TABLE exports;
