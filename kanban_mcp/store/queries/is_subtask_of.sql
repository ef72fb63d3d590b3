-- is_subtask_of.sql. Anywhere below, over `part_of` links.
WITH RECURSIVE above(id) AS (
    VALUES (:task_id)
    UNION
    SELECT links.parent_id FROM links JOIN above ON links.child_id = above.id WHERE links.relation = 'part_of'
)
SELECT EXISTS (SELECT 1 FROM above WHERE id = :parent_id AND id <> :task_id);
