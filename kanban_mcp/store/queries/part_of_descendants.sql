-- part_of_descendants.sql. A task and all its subtasks, however deep.
WITH RECURSIVE below(id) AS (
    VALUES (:id)
    UNION
    SELECT links.child_id FROM links JOIN below ON links.parent_id = below.id WHERE links.relation = 'part_of'
)
SELECT id FROM below;
