-- live_tasks.sql. What is open, in the order in which somebody has to act. Each state gives its first ones from
-- `tasks_state`, so that a long queue is not sorted to show fifty.
WITH first (id, turn) AS (
    SELECT * FROM (SELECT id, 0 FROM tasks WHERE state = 'awaiting_review' AND archived_at_ms IS NULL
                      AND (:assignee IS NULL OR assignee = :assignee) ORDER BY priority, id LIMIT :limit)
    UNION ALL
    SELECT * FROM (SELECT id, 1 FROM tasks WHERE state = 'blocked' AND archived_at_ms IS NULL
                      AND (:assignee IS NULL OR assignee = :assignee) ORDER BY priority, id LIMIT :limit)
    UNION ALL
    SELECT * FROM (SELECT id, 2 FROM tasks WHERE state = 'failed' AND archived_at_ms IS NULL
                      AND (:assignee IS NULL OR assignee = :assignee) ORDER BY priority, id LIMIT :limit)
    UNION ALL
    SELECT * FROM (SELECT id, 3 FROM tasks WHERE state = 'in_progress' AND archived_at_ms IS NULL
                      AND (:assignee IS NULL OR assignee = :assignee) ORDER BY priority, id LIMIT :limit)
    UNION ALL
    SELECT * FROM (SELECT id, 4 FROM tasks WHERE state = 'ready' AND archived_at_ms IS NULL
                      AND (:assignee IS NULL OR assignee = :assignee) ORDER BY priority, id LIMIT :limit)
    UNION ALL
    SELECT * FROM (SELECT id, 5 FROM tasks WHERE state = 'pending' AND archived_at_ms IS NULL
                      AND (:assignee IS NULL OR assignee = :assignee) ORDER BY priority, id LIMIT :limit)
    UNION ALL
    SELECT * FROM (SELECT id, 6 FROM tasks WHERE state = 'triage' AND archived_at_ms IS NULL
                      AND (:assignee IS NULL OR assignee = :assignee) ORDER BY priority, id LIMIT :limit)
)
SELECT tasks.id, tasks.title, tasks.state, tasks.kind, tasks.assignee, tasks.priority, tasks.counted, tasks.allowed,
       tasks.unmet, tasks.ended_at_ms, tasks.updated_at_ms,
       runs.lease_until_ms, runs.lease_boot, runs.note, workers.name AS worker_name
  FROM first JOIN tasks ON tasks.id = first.id
       LEFT JOIN runs ON runs.id = tasks.run_id LEFT JOIN workers ON workers.id = runs.worker_id
 ORDER BY first.turn, tasks.priority, tasks.id LIMIT :limit;
