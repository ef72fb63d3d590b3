-- open_runs_of_family.sql. What a session and its sub-agents hold, oldest first; see has_dealt.sql for their keys.
SELECT runs.*, workers.name AS worker_name, workers.key AS worker_key
  FROM workers JOIN runs ON runs.worker_id = workers.id
 WHERE (workers.key = :root OR (workers.key > :root || '#' AND workers.key < :root || '$'))
   AND runs.ended_at_ms IS NULL
 ORDER BY runs.id;
