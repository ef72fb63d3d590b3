-- tasks_moved.sql. Tasks with events since the last look, ended ones too.
SELECT DISTINCT task_id FROM events WHERE id > :after AND task_id IS NOT NULL ORDER BY task_id LIMIT :limit;
