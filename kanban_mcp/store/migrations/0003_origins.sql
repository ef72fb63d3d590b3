-- Where an imported task came from. The pair (source, source_id) makes an import repeatable: what is here already is not
-- brought again. `digest` is of the record as it was read, so that a later run can tell that the source has changed.
CREATE TABLE origins (
    task_id   INTEGER PRIMARY KEY REFERENCES tasks (id),
    source    TEXT NOT NULL,
    source_id TEXT NOT NULL,
    digest    TEXT NOT NULL,
    UNIQUE (source, source_id)
) STRICT;
