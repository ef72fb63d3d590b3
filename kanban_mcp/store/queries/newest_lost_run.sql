-- newest_lost_run.sql. The newest of the worker's last runs that somebody else closed.
SELECT * FROM (
    SELECT runs.*, workers.name AS worker_name
      FROM runs JOIN workers ON workers.id = runs.worker_id
     WHERE workers.key = :worker_key
     ORDER BY runs.id DESC LIMIT 20)
 WHERE ended_at_ms IS NOT NULL AND ended_by <> 'self'
 ORDER BY id DESC LIMIT 1;
