-- tasks_by_id.sql. `ids` is a JSON list.
SELECT * FROM tasks WHERE id IN (SELECT value FROM json_each(:ids)) ORDER BY id;
