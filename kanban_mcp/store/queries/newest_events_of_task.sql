-- newest_events_of_task.sql. The last lines of one task's history, oldest first.
SELECT * FROM (SELECT * FROM events WHERE task_id = :task_id ORDER BY id DESC LIMIT :limit) ORDER BY id;
