SELECT * FROM messages WHERE id > :after ORDER BY id LIMIT :limit;
