SELECT runs.id, runs.task_id, runs.role, runs.outcome, runs.started_at_ms, runs.ended_at_ms, runs.summary, runs.error,
       runs.result_commit, runs.worker_id, workers.name AS worker_name
  FROM runs JOIN workers ON workers.id = runs.worker_id
 WHERE runs.id = :id;
