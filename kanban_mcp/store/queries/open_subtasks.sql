SELECT tasks.id, tasks.state, tasks.title, tasks.assignee, tasks.updated_at_ms
  FROM links JOIN tasks ON tasks.id = links.child_id
 WHERE links.parent_id = :parent_id AND links.relation = 'part_of' AND tasks.state NOT IN ('done', 'cancelled')
 ORDER BY tasks.id LIMIT 100;
