-- dead_dependencies.sql. Waiting cards whose wait nobody will end: an `after` parent that failed or was cancelled, a
-- subtask that failed, or a failed or cancelled task they are part of.
SELECT tasks.id, tasks.title, tasks.assignee, tasks.priority, other.id AS cause, other.state AS cause_state,
       other.ended_at_ms AS cause_ended_ms, links.relation
  FROM tasks JOIN links ON links.child_id = tasks.id JOIN tasks AS other ON other.id = links.parent_id
 WHERE tasks.state = 'pending' AND links.relation = 'after' AND other.state IN ('failed', 'cancelled')
UNION ALL
SELECT tasks.id, tasks.title, tasks.assignee, tasks.priority, other.id, other.state, other.ended_at_ms, links.relation
  FROM tasks JOIN links ON links.parent_id = tasks.id JOIN tasks AS other ON other.id = links.child_id
 WHERE tasks.state = 'pending' AND links.relation = 'part_of' AND other.state = 'failed'
UNION ALL
SELECT tasks.id, tasks.title, tasks.assignee, tasks.priority, other.id, other.state, other.ended_at_ms, links.relation
  FROM tasks JOIN links ON links.child_id = tasks.id JOIN tasks AS other ON other.id = links.parent_id
 WHERE tasks.state = 'pending' AND tasks.held = 1 AND links.relation = 'part_of'
   AND other.state IN ('failed', 'cancelled')
 ORDER BY 1 LIMIT :limit;
