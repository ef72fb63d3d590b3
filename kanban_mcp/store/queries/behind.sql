-- behind.sql. How many open tasks wait for this one, near or far: those after it, and the tasks it is a subtask of.
-- Bounded: a thousand is as many as anybody counts. Reads `links_parent` and the links' own key.
WITH RECURSIVE waiting (id) AS (
    SELECT :id
    UNION
    SELECT tasks.id
      FROM waiting
      JOIN links ON (links.parent_id = waiting.id AND links.relation = 'after')
                 OR (links.child_id = waiting.id AND links.relation = 'part_of')
      JOIN tasks ON tasks.id = CASE links.relation WHEN 'after' THEN links.child_id ELSE links.parent_id END
     WHERE tasks.state NOT IN ('done', 'failed', 'cancelled')
     LIMIT 1001
)
SELECT COUNT(*) - 1 FROM waiting;
