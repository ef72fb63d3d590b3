SELECT id, title, priority FROM tasks
 WHERE state = 'ready' AND assignee = :assignee AND (due_at_ms IS NULL OR due_at_ms <= :wall_ms)
 ORDER BY priority, id LIMIT :limit;
