SELECT COUNT(*) FROM runs WHERE worker_id = :worker_id AND ended_at_ms IS NULL;
