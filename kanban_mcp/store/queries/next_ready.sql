-- next_ready.sql. Walks `tasks_ready` in order and stops at the first due task; no sort, flat in the size of the board.
-- The last term: the clock was set back behind the beginning of the wait (domain/clock.py, `is_due`).
SELECT * FROM tasks
 WHERE state = 'ready' AND assignee = :assignee
   AND (due_at_ms IS NULL OR due_at_ms <= :wall_ms OR due_from_ms > :wall_ms + 60000)
 ORDER BY priority, id LIMIT 1;
