-- flag_reopened_base.sql. Dependents that have started were built on work that is being done again.
UPDATE tasks SET reopened_base = 1
 WHERE id IN (SELECT child_id FROM links WHERE parent_id = :parent_id AND relation = 'after')
   AND state IN ('in_progress', 'awaiting_review', 'blocked', 'done') AND reopened_base = 0
RETURNING id;
