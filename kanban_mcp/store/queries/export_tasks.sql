SELECT * FROM tasks WHERE id > :after ORDER BY id LIMIT :limit;
