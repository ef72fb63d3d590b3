INSERT INTO messages (task_id, kind, author, worker_id, run_id, re, body, at_ms)
VALUES (:task_id, :kind, :author, :worker_id, :run_id, :re, :body, :at_ms);
