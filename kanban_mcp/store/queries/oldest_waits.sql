-- oldest_waits.sql. Who has waited longest for a decision: open requests, submitted work, questions. Reads `tasks_state`.
SELECT tasks.id, tasks.title, tasks.state, COALESCE(approvals.asked_at_ms, tasks.updated_at_ms) AS since_ms
  FROM tasks LEFT JOIN approvals ON approvals.task_id = tasks.id AND approvals.state = 'pending'
 WHERE tasks.state IN ('awaiting_review', 'blocked')
 ORDER BY since_ms, tasks.id LIMIT :limit;
