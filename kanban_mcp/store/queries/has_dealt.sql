-- has_dealt.sql. Holds or held the task or one below it; a subtask it made and never held is excepted. "It" is a session
-- with all its sub-agents, whose keys are the session's, '#', and their own ids ('$' follows '#').
WITH RECURSIVE below(id) AS (
    VALUES (:task_id)
    UNION
    SELECT links.child_id FROM links JOIN below ON links.parent_id = below.id WHERE links.relation = 'part_of'
), family(id) AS (
    SELECT id FROM workers WHERE key = :root OR (key > :root || '#' AND key < :root || '$')
)
SELECT EXISTS (SELECT 1 FROM runs WHERE worker_id IN (SELECT id FROM family) AND task_id IN (SELECT id FROM below))
   AND NOT EXISTS (
       SELECT 1 FROM tasks
        WHERE id = :task_id AND made_by_worker IN (SELECT id FROM family)
          AND EXISTS (SELECT 1 FROM links WHERE child_id = :task_id AND relation = 'part_of')
          AND NOT EXISTS (SELECT 1 FROM runs WHERE worker_id IN (SELECT id FROM family) AND task_id = :task_id));
