SELECT id, attempt, outcome, ended_at_ms, branch, error, note FROM runs
 WHERE task_id = :task_id AND ended_at_ms IS NOT NULL
 ORDER BY id DESC LIMIT :limit;
