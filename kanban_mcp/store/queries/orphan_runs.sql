-- orphan_runs.sql. Open runs that their task does not know.
SELECT runs.id FROM runs JOIN tasks ON tasks.id = runs.task_id
 WHERE runs.ended_at_ms IS NULL AND tasks.run_id IS NOT runs.id
 ORDER BY runs.task_id LIMIT :limit;
