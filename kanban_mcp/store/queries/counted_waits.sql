-- counted_waits.sql. The waits of one task, as stored and as its links say.
SELECT id, state, waits_after, waits_subtasks, held,
       (SELECT COUNT(*) FROM links JOIN tasks AS parent ON parent.id = links.parent_id
         WHERE links.child_id = tasks.id AND links.relation = 'after' AND parent.state <> 'done') AS counted_after,
       (SELECT COUNT(*) FROM links JOIN tasks AS child ON child.id = links.child_id
         WHERE links.parent_id = tasks.id AND links.relation = 'part_of'
           AND child.state NOT IN ('done', 'cancelled')) AS counted_subtasks
  FROM tasks
 WHERE id = :id;
