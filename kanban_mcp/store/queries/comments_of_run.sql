SELECT COUNT(*) FROM messages
 WHERE task_id = (SELECT task_id FROM runs WHERE id = :run_id) AND run_id = :run_id;
