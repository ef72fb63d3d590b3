-- tasks_to_archive.sql. Done or cancelled long enough ago and still shown, a batch at a time from one id on. The second
-- condition on the state says to SQLite that `tasks_ended` holds them all.
SELECT id FROM tasks
 WHERE state = :state AND state IN ('done', 'cancelled') AND id > :after
   AND archived_at_ms IS NULL AND ended_at_ms <= :before_ms
 ORDER BY id LIMIT :limit;
