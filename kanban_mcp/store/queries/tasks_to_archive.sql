-- tasks_to_archive.sql. Ended long enough ago and still shown, a batch at a time from one id on. Reads `tasks_ended`, and
-- `tasks_live` for the failed.
SELECT id FROM tasks
 WHERE state = :state AND id > :after AND archived_at_ms IS NULL AND ended_at_ms <= :before_ms
 ORDER BY id LIMIT :limit;
