-- why_nothing.sql. What stands in the way of a claim, over live tasks only (`tasks_state`).
SELECT SUM(state = 'ready' AND mine AND waits) AS not_due,
       MIN(CASE WHEN state = 'ready' AND mine AND waits THEN due_at_ms END) AS next_due_ms,
       SUM(state = 'ready' AND NOT mine) AS others_ready,
       SUM(state = 'pending' AND mine) AS pending,
       SUM((state = 'blocked' OR kind IN ('asking', 'parked', 'review')) AND mine) AS on_people
  FROM (SELECT state, kind, due_at_ms,
               due_at_ms > :wall_ms AND COALESCE(due_from_ms, 0) <= :wall_ms + 60000 AS waits,
               assignee = :assignee OR (assignee = '' AND :takes_any) AS mine
          FROM tasks WHERE state IN ('pending', 'ready', 'awaiting_review', 'blocked'))
HAVING COUNT(*) > 0;
