INSERT INTO events (task_id, run_id, kind, actor, at_ms, data)
VALUES (:task_id, :run_id, :kind, :actor, :at_ms, :data);
