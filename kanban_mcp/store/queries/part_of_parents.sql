SELECT tasks.id, tasks.state, tasks.waits_after, tasks.waits_subtasks, tasks.held
  FROM links JOIN tasks ON tasks.id = links.parent_id
 WHERE links.child_id = :child_id AND links.relation = 'part_of';
