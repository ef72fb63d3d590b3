-- live_roles.sql. The roles that open tasks name. Reads `tasks_live`, at most ten thousand tasks of it.
SELECT DISTINCT assignee
  FROM (SELECT assignee FROM tasks
         WHERE state IN ('triage', 'pending', 'ready', 'in_progress', 'awaiting_review', 'blocked', 'failed')
         LIMIT 10000)
 WHERE assignee <> '' ORDER BY assignee LIMIT 50;
