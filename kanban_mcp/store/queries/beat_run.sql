-- beat_run.sql. Only the run it addresses, only while it is open, never another of the same worker.
UPDATE runs
   SET lease_until_ms = :until, lease_boot = :boot, beat_at_ms = :at_ms, note = COALESCE(:note, note)
 WHERE id = :id AND ended_at_ms IS NULL;
