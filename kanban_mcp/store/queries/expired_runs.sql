-- expired_runs.sql. Open runs whose lease is over: past on this boot, or given on another one. Walks `runs_open`, which
-- holds only open runs: this is bounded by the workers, not by history.
SELECT runs.*, workers.name AS worker_name
  FROM runs JOIN workers ON workers.id = runs.worker_id
 WHERE runs.ended_at_ms IS NULL AND (runs.lease_boot <> :boot OR runs.lease_until_ms <= :mono_ms)
 ORDER BY runs.task_id LIMIT :limit;
