-- levels_below.sql. Longest chain of subtasks below a task.
WITH RECURSIVE below(id, level) AS (
    VALUES (:id, 0)
    UNION
    SELECT links.child_id, below.level + 1
      FROM links JOIN below ON links.parent_id = below.id
     WHERE links.relation = 'part_of' AND below.level < 50
)
SELECT MAX(level) FROM below;
