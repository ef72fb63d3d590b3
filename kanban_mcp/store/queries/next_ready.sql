-- next_ready.sql. Walks `tasks_ready` in order and stops at the first due task; no sort, flat in the size of the board.
SELECT * FROM tasks
 WHERE state = 'ready' AND assignee = :assignee AND (due_at_ms IS NULL OR due_at_ms <= :wall_ms)
 ORDER BY priority, id LIMIT 1;
