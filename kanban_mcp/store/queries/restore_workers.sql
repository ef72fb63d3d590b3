INSERT INTO workers (id, key, name, session, several, created_at_ms)
VALUES (:id, :key, :name, :session, :several, :created_at_ms);
