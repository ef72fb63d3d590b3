-- open_runs.sql. Who works now, on this boot: tells whether a caller is below a worker's process. Walks `runs_open`,
-- which holds open runs only, so history costs nothing.
SELECT runs.id, runs.task_id, runs.pid, runs.pid_started, runs.host, runs.boot_id, runs.client_pid,
       runs.client_started, workers.key AS worker_key, workers.name AS worker_name
  FROM runs JOIN workers ON workers.id = runs.worker_id
 WHERE runs.ended_at_ms IS NULL AND runs.boot_id = :boot
 ORDER BY runs.task_id;
