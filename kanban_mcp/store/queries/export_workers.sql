SELECT * FROM workers WHERE id > :after ORDER BY id LIMIT :limit;
