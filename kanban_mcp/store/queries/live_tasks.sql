-- live_tasks.sql. What is open, in the order in which somebody has to act.
SELECT tasks.id, tasks.title, tasks.state, tasks.kind, tasks.assignee, tasks.priority, tasks.counted, tasks.allowed,
       tasks.unmet, tasks.ended_at_ms, tasks.updated_at_ms,
       runs.lease_until_ms, runs.lease_boot, runs.note, workers.name AS worker_name
  FROM tasks LEFT JOIN runs ON runs.id = tasks.run_id LEFT JOIN workers ON workers.id = runs.worker_id
 WHERE tasks.state IN ('triage', 'pending', 'ready', 'in_progress', 'awaiting_review', 'blocked', 'failed')
   AND tasks.archived_at_ms IS NULL AND (:assignee IS NULL OR tasks.assignee = :assignee)
 ORDER BY CASE tasks.state WHEN 'awaiting_review' THEN 0 WHEN 'blocked' THEN 1 WHEN 'failed' THEN 2
                           WHEN 'in_progress' THEN 3 WHEN 'ready' THEN 4 WHEN 'pending' THEN 5 ELSE 6 END,
          tasks.priority, tasks.id LIMIT :limit;
