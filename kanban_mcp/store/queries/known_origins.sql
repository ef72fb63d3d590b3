-- known_origins.sql. What of a source is on the board already.
SELECT source_id, task_id, digest FROM origins WHERE source = :source;
