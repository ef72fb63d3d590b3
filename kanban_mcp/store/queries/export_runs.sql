SELECT * FROM runs WHERE id > :after ORDER BY id LIMIT :limit;
