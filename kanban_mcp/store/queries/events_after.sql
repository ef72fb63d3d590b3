SELECT * FROM events WHERE id > :after ORDER BY id LIMIT :limit;
