-- ended_tasks.sql. The newest tasks that are done or cancelled and shown, straight from `tasks_ended`: history is not
-- sorted.
SELECT tasks.id, tasks.title, tasks.state, tasks.kind, tasks.assignee, tasks.priority, tasks.counted, tasks.allowed,
       tasks.unmet, tasks.ended_at_ms, tasks.updated_at_ms,
       NULL AS lease_until_ms, NULL AS lease_boot, NULL AS note, NULL AS worker_name
  FROM tasks
 WHERE tasks.state = :state AND tasks.state IN ('done', 'cancelled')  -- the latter so that SQLite may use the index
   AND tasks.archived_at_ms IS NULL AND (:assignee IS NULL OR tasks.assignee = :assignee)
 ORDER BY tasks.id DESC LIMIT :limit;
