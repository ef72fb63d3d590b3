-- append_event.sql. One event, in the transaction of the change it tells about.
INSERT INTO events (task_id, run_id, kind, actor, at_ms, data)
VALUES (:task_id, :run_id, :kind, :actor, :at_ms, :data);
