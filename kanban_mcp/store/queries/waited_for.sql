-- waited_for.sql. What a task waits for: `after` parents not done, then own open subtasks.
SELECT tasks.id, tasks.state, tasks.title, tasks.assignee, links.relation
  FROM links JOIN tasks ON tasks.id = links.parent_id
 WHERE links.child_id = :id AND links.relation = 'after' AND tasks.state <> 'done'
UNION ALL
SELECT tasks.id, tasks.state, tasks.title, tasks.assignee, links.relation
  FROM links JOIN tasks ON tasks.id = links.child_id
 WHERE links.parent_id = :id AND links.relation = 'part_of' AND tasks.state NOT IN ('done', 'cancelled')
 LIMIT :limit;
