-- levels_above.sql. Longest chain of `part_of` parents above a task; bounded, should a damaged board hold a circle.
WITH RECURSIVE above(id, level) AS (
    VALUES (:id, 0)
    UNION
    SELECT links.parent_id, above.level + 1
      FROM links JOIN above ON links.child_id = above.id
     WHERE links.relation = 'part_of' AND above.level < 50
)
SELECT MAX(level) FROM above;
