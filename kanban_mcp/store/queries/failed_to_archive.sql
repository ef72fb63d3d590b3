-- failed_to_archive.sql. As tasks_to_archive, for what failed: few, and found by `tasks_state`.
SELECT id FROM tasks
 WHERE state = 'failed' AND id > :after AND archived_at_ms IS NULL AND ended_at_ms <= :before_ms
 ORDER BY id LIMIT :limit;
