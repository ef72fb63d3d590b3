-- open_children.sql. Subtasks and `after` children that have not ended; failed ones count as open.
SELECT tasks.id, links.relation FROM links JOIN tasks ON tasks.id = links.child_id
 WHERE links.parent_id = :parent_id AND tasks.state NOT IN ('done', 'cancelled')
 ORDER BY tasks.id;
