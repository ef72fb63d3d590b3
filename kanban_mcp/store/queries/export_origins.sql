SELECT * FROM origins WHERE task_id > :after ORDER BY task_id LIMIT :limit;
