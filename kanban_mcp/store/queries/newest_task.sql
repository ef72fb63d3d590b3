SELECT MAX(id) FROM tasks;
