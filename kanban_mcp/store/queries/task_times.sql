-- task_times.sql. When a task was made, first begun and ended, and what it took. Reads `runs_task`.
SELECT tasks.id, tasks.title, tasks.assignee, tasks.state, tasks.created_at_ms, tasks.ended_at_ms,
       (SELECT runs.started_at_ms FROM runs WHERE runs.task_id = tasks.id ORDER BY runs.id LIMIT 1) AS begun_at_ms,
       (SELECT COUNT(*) FROM (SELECT 1 FROM runs WHERE runs.task_id = tasks.id LIMIT 100)) AS runs
  FROM tasks WHERE tasks.id = :id;
