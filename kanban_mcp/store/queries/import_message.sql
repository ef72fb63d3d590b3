INSERT INTO messages (task_id, kind, author, body, at_ms) VALUES (:task_id, 'comment', :author, :body, :at_ms);
