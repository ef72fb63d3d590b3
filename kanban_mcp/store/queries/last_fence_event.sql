-- last_fence_event.sql. Whether a session was stopped for this lost run, or has been told of it since.
SELECT kind FROM events WHERE task_id = :task_id AND run_id = :run_id AND kind IN ('fenced', 'told')
 ORDER BY id DESC LIMIT 1;
