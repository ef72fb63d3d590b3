-- is_role_served.sql. Has another worker called lately in this role? '' is served by any. Only open runs and the newest
-- ended ones are looked at: the answer is a hint, and history is not searched for it.
SELECT EXISTS (SELECT 1
                 FROM (SELECT worker_id, role, beat_at_ms FROM runs WHERE ended_at_ms IS NULL
                       UNION ALL
                       SELECT worker_id, role, beat_at_ms FROM runs WHERE id > (SELECT MAX(id) - 500 FROM runs)) AS late
                WHERE worker_id <> :worker_id AND beat_at_ms >= :since_ms AND (role = :role OR :role = ''));
