SELECT DISTINCT assignee FROM tasks WHERE state = 'ready' AND assignee <> '' ORDER BY assignee LIMIT 10;
