SELECT * FROM approvals
 WHERE state = 'pending' AND expires_at_ms <= :wall_ms
 ORDER BY expires_at_ms LIMIT :limit;
