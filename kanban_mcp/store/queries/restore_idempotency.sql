INSERT INTO idempotency (key, digest, answer, at_ms)
VALUES (:key, :digest, :answer, :at_ms);
