SELECT tasks.id, tasks.title, tasks.state, tasks.assignee
  FROM links JOIN tasks ON tasks.id = links.child_id
 WHERE links.parent_id = :parent_id AND links.relation = 'part_of'
 ORDER BY tasks.state IN ('done', 'cancelled'), tasks.id LIMIT :limit;
