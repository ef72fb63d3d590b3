-- moved_since.sql. Watched tasks with events since the last look.
SELECT DISTINCT task_id FROM events
 WHERE task_id IN (SELECT value FROM json_each(:ids)) AND id > :after;
