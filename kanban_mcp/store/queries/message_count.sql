SELECT COUNT(*) FROM messages WHERE task_id = :task_id;
