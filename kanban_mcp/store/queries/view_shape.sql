-- view_shape.sql. What a task's view has to fetch at all; a fresh task has nothing of it.
SELECT (SELECT COUNT(*) FROM links WHERE child_id = :id) AS parents,
       (SELECT COUNT(*) FROM links WHERE child_id = :id AND relation = 'part_of') AS part_of,
       (SELECT COUNT(*) FROM links WHERE parent_id = :id AND relation = 'part_of') AS subtasks,
       (SELECT COUNT(*) FROM messages WHERE task_id = :id) AS messages,
       EXISTS (SELECT 1 FROM approvals WHERE task_id = :id) AS approvals,
       EXISTS (SELECT 1 FROM runs WHERE task_id = :id AND ended_at_ms IS NOT NULL) AS attempts;
