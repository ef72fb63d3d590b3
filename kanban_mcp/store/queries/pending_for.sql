SELECT id FROM tasks WHERE state = 'pending' AND assignee = :assignee ORDER BY priority, id LIMIT :limit;
