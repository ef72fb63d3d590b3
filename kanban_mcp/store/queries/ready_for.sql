SELECT id, title, priority FROM tasks
 WHERE state = 'ready' AND assignee = :assignee
   AND (due_at_ms IS NULL OR due_at_ms <= :wall_ms OR due_from_ms > :wall_ms + 60000)
 ORDER BY priority, id LIMIT :limit;
