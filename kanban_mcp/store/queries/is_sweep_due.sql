-- is_sweep_due.sql. A peek without the write lock, so that waiting claims and idle reapers cost the writers nothing.
SELECT EXISTS (SELECT 1 FROM runs
                WHERE ended_at_ms IS NULL AND (lease_boot <> :boot OR lease_until_ms <= :mono_ms))
    OR EXISTS (SELECT 1 FROM approvals JOIN tasks ON tasks.id = approvals.task_id
                WHERE approvals.state = 'pending'
                  AND (approvals.expires_at_ms <= :wall_ms
                       OR (tasks.kind = 'asking' AND approvals.park_mono_ms <= :mono_ms)));
