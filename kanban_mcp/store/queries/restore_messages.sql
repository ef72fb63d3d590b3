INSERT INTO messages (id, task_id, kind, author, worker_id, run_id, re, body, at_ms)
VALUES (:id, :task_id, :kind, :author, :worker_id, :run_id, :re, :body, :at_ms);
