-- open_run_facts.sql. Every open run with the process that speaks for it. Walks `runs_open`, which holds
-- open runs only.
SELECT runs.id, runs.task_id, runs.pid, runs.pid_started, runs.host, runs.boot_id, runs.lease_until_ms, runs.lease_boot,
       runs.beat_at_ms, workers.name AS worker_name
  FROM runs JOIN workers ON workers.id = runs.worker_id
 WHERE runs.ended_at_ms IS NULL ORDER BY runs.task_id LIMIT :limit;
