-- lost_runs.sql. Those of the worker's last runs that somebody else closed, newest first. A worker that has taken the
-- same task up again knows of its loss.
SELECT * FROM (
    SELECT runs.*, workers.name AS worker_name
      FROM runs JOIN workers ON workers.id = runs.worker_id
     WHERE runs.worker_id = :worker_id
     ORDER BY runs.id DESC LIMIT 20) AS lately
 WHERE ended_at_ms IS NOT NULL AND ended_by <> 'self'
   AND NOT EXISTS (SELECT 1 FROM runs AS later
                    WHERE later.task_id = lately.task_id AND later.id > lately.id
                      AND later.worker_id = lately.worker_id)
 ORDER BY id DESC;
