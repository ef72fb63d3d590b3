-- waiters.sql. Who waits for a task: its `after` children, the tasks below those (a held-back parent holds its
-- subtasks), and the tasks it is part of.
WITH RECURSIVE held(id) AS (
    SELECT child_id FROM links WHERE parent_id = :id AND relation = 'after'
    UNION
    SELECT links.child_id FROM links JOIN held ON links.parent_id = held.id WHERE links.relation = 'part_of'
)
SELECT id FROM held
UNION
SELECT parent_id FROM links WHERE child_id = :id AND relation = 'part_of';
