INSERT INTO workers (key, name, session, created_at_ms)
VALUES (:key, :name, :session, :at_ms)
RETURNING id;
