-- tasks_in_state.sql. Newest first for ended states, claim order for the others.
SELECT tasks.id, tasks.title, tasks.state, tasks.kind, tasks.assignee, tasks.priority, tasks.counted, tasks.allowed,
       tasks.unmet, tasks.ended_at_ms, tasks.updated_at_ms,
       runs.lease_until_ms, runs.lease_boot, runs.note, workers.name AS worker_name
  FROM tasks LEFT JOIN runs ON runs.id = tasks.run_id LEFT JOIN workers ON workers.id = runs.worker_id
 WHERE tasks.state = :state AND tasks.archived_at_ms IS NULL AND (:assignee IS NULL OR tasks.assignee = :assignee)
 ORDER BY CASE WHEN tasks.state IN ('done', 'cancelled') THEN -tasks.id ELSE tasks.priority END, tasks.id LIMIT :limit;
