SELECT id, at_ms FROM events WHERE id >= :id ORDER BY id LIMIT 1;
