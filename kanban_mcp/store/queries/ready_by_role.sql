-- ready_by_role.sql. How many tasks are ready per role, and since when the first of them. Reads `tasks_state`, at most ten
-- thousand tasks of it.
SELECT assignee, COUNT(*) AS n, MIN(updated_at_ms) AS since_ms
  FROM (SELECT assignee, updated_at_ms FROM tasks
         WHERE state = 'ready' AND (due_at_ms IS NULL OR due_at_ms <= :wall_ms) LIMIT 10000)
 GROUP BY assignee ORDER BY assignee;
