SELECT runs.*, workers.name AS worker_name
  FROM runs JOIN workers ON workers.id = runs.worker_id
 WHERE runs.task_id = :task_id AND runs.worker_id = :worker_id
 ORDER BY runs.id DESC LIMIT 1;
