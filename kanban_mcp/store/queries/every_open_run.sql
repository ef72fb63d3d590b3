SELECT runs.*, workers.name AS worker_name FROM runs JOIN workers ON workers.id = runs.worker_id
 WHERE runs.ended_at_ms IS NULL ORDER BY runs.task_id;
