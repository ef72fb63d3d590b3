-- ready_neighbours.sql. What waited for a task and is ready now: `after` children, and tasks it is part of.
SELECT tasks.id FROM links JOIN tasks ON tasks.id = links.child_id
 WHERE links.parent_id = :id AND links.relation = 'after' AND tasks.state = 'ready'
UNION
SELECT tasks.id FROM links JOIN tasks ON tasks.id = links.parent_id
 WHERE links.child_id = :id AND links.relation = 'part_of' AND tasks.state = 'ready'
 ORDER BY 1 LIMIT 10;
