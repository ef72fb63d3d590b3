-- newest_event_per_task.sql. `ids` is a JSON list.
SELECT task_id, MAX(id) AS newest FROM events
 WHERE task_id IN (SELECT value FROM json_each(:ids))
 GROUP BY task_id ORDER BY task_id;
