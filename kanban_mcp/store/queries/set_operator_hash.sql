-- set_operator_hash.sql. Only while there is none: nobody replaces a person's key by calling init again.
UPDATE board SET operator_hash = :operator_hash WHERE operator_hash IS NULL;
