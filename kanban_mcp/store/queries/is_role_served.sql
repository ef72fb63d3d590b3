-- is_role_served.sql. Has another worker called lately in this role? '' is served by any.
SELECT EXISTS (SELECT 1 FROM runs
                WHERE worker_id <> :worker_id AND beat_at_ms >= :since_ms AND (role = :role OR :role = ''));
