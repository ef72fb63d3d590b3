SELECT id, summary, metadata, checks, result_commit FROM runs
 WHERE task_id = :task_id AND outcome IN ('done', 'submitted')
 ORDER BY id DESC LIMIT 1;
