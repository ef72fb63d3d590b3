SELECT * FROM events WHERE task_id = :task_id AND id < :before ORDER BY id DESC LIMIT :limit;
