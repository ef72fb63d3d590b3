-- has_dealt.sql. Holds or held the task or one below it; a subtask it made and never held is excepted.
WITH RECURSIVE below(id) AS (
    VALUES (:task_id)
    UNION
    SELECT links.child_id FROM links JOIN below ON links.parent_id = below.id WHERE links.relation = 'part_of'
)
SELECT EXISTS (SELECT 1 FROM runs WHERE worker_id = :worker_id AND task_id IN (SELECT id FROM below))
   AND NOT EXISTS (
       SELECT 1 FROM tasks
        WHERE id = :task_id AND made_by_worker = :worker_id
          AND EXISTS (SELECT 1 FROM links WHERE child_id = :task_id AND relation = 'part_of')
          AND NOT EXISTS (SELECT 1 FROM runs WHERE worker_id = :worker_id AND task_id = :task_id));
