-- behind.sql. How many open tasks wait for this one, near or far: those after it, and the tasks it is a subtask of.
-- Bounded: a thousand is as many as anybody counts. The state is asked per task, not joined: on a large board SQLite
-- would first read every task there is, for a filter.
WITH RECURSIVE waiting (id) AS (
    SELECT :id
    UNION
    SELECT CASE links.relation WHEN 'after' THEN links.child_id ELSE links.parent_id END
      FROM waiting
      JOIN links ON (links.parent_id = waiting.id AND links.relation = 'after')
                 OR (links.child_id = waiting.id AND links.relation = 'part_of')
     WHERE (SELECT tasks.state FROM tasks
             WHERE tasks.id = CASE links.relation WHEN 'after' THEN links.child_id ELSE links.parent_id END)
           NOT IN ('done', 'failed', 'cancelled')
     LIMIT 1001
)
SELECT COUNT(*) - 1 FROM waiting;
