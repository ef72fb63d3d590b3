-- waiting_on_people.sql. What only a decision moves on: approvals and reviews first, then questions, then dead letters.
-- `behind` counts the cards that wait for it directly. Reads `tasks_live`.
SELECT tasks.id, tasks.title, tasks.state, tasks.kind, tasks.assignee, tasks.blocked, tasks.person_only,
       tasks.updated_at_ms, tasks.counted, approvals.summary AS asked, approvals.asked_at_ms, approvals.irreversible,
       (SELECT COUNT(*) FROM links JOIN tasks AS child ON child.id = links.child_id
         WHERE links.parent_id = tasks.id AND links.relation = 'after' AND child.state = 'pending') AS behind,
       (SELECT COALESCE(runs.error, runs.summary) FROM runs
         WHERE runs.task_id = tasks.id ORDER BY runs.id DESC LIMIT 1) AS said
  FROM tasks LEFT JOIN approvals ON approvals.task_id = tasks.id AND approvals.state = 'pending'
 WHERE tasks.state IN ('awaiting_review', 'blocked', 'failed') AND tasks.archived_at_ms IS NULL
 ORDER BY CASE tasks.state WHEN 'awaiting_review' THEN 0 WHEN 'blocked' THEN 1 ELSE 2 END,
          behind DESC, tasks.priority, tasks.id
 LIMIT :limit;
