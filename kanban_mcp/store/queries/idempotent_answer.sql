SELECT digest, answer FROM idempotency WHERE key = :key;
