-- waiting_on_people.sql. What only a decision moves on, those first that tasks wait for directly. Reads `tasks_state`.
SELECT tasks.id, tasks.title, tasks.state, tasks.kind, tasks.assignee, tasks.priority, tasks.blocked, tasks.person_only,
       tasks.updated_at_ms, tasks.counted, approvals.summary AS asked, approvals.asked_at_ms, approvals.irreversible,
       approvals.expires_at_ms,
       (SELECT COUNT(*) FROM links JOIN tasks AS child ON child.id = links.child_id
         WHERE links.parent_id = tasks.id AND links.relation = 'after' AND child.state = 'pending') AS directly,
       (SELECT COALESCE(runs.error, runs.summary) FROM runs
         WHERE runs.task_id = tasks.id ORDER BY runs.id DESC LIMIT 1) AS said
  FROM tasks LEFT JOIN approvals ON approvals.task_id = tasks.id AND approvals.state = 'pending'
 WHERE tasks.state IN ('awaiting_review', 'blocked', 'failed') AND tasks.archived_at_ms IS NULL
 ORDER BY directly DESC,
          CASE tasks.state WHEN 'awaiting_review' THEN 0 WHEN 'blocked' THEN 1 ELSE 2 END, tasks.priority, tasks.id
 LIMIT :limit;
