-- unseen_messages.sql. What others wrote to the task since the run was last told.
SELECT id, kind, author, re, body, at_ms FROM messages
 WHERE task_id = :task_id AND id > :after AND (worker_id IS NULL OR worker_id <> :worker_id)
 ORDER BY id;
