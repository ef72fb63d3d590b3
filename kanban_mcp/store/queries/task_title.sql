SELECT title FROM tasks WHERE id = :id;
