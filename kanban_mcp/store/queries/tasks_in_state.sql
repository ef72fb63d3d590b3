-- tasks_in_state.sql. The tasks of one state in claim order, straight from `tasks_state`. For done and cancelled, where
-- that would be the oldest of all history, there is `ended_tasks`.
SELECT tasks.id, tasks.title, tasks.state, tasks.kind, tasks.assignee, tasks.priority, tasks.counted, tasks.allowed,
       tasks.unmet, tasks.ended_at_ms, tasks.updated_at_ms,
       runs.lease_until_ms, runs.lease_boot, runs.note, workers.name AS worker_name
  FROM tasks LEFT JOIN runs ON runs.id = tasks.run_id LEFT JOIN workers ON workers.id = runs.worker_id
 WHERE tasks.state = :state AND tasks.archived_at_ms IS NULL AND (:assignee IS NULL OR tasks.assignee = :assignee)
 ORDER BY tasks.priority, tasks.id LIMIT :limit;
