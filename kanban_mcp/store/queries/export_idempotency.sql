SELECT * FROM idempotency WHERE key > :after ORDER BY key LIMIT :limit;
