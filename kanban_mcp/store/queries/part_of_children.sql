SELECT tasks.id, tasks.state, tasks.waits_after, tasks.waits_subtasks, tasks.held
  FROM links JOIN tasks ON tasks.id = links.child_id
 WHERE links.parent_id = :parent_id AND links.relation = 'part_of';
