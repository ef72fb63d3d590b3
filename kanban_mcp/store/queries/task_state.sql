SELECT state FROM tasks WHERE id = :id;
