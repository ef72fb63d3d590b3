SELECT COUNT(*) FROM runs WHERE task_id = :task_id AND outcome = 'reclaimed' AND counted = 1;
