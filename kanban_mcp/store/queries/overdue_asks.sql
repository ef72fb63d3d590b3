-- overdue_asks.sql. Requests whose worker has waited `park_after`; a lease on another boot is swept as expired.
SELECT approvals.run_id
  FROM approvals JOIN tasks ON tasks.id = approvals.task_id
 WHERE approvals.state = 'pending' AND tasks.kind = 'asking' AND approvals.park_mono_ms <= :mono_ms
 ORDER BY approvals.task_id LIMIT :limit;
