INSERT INTO origins (task_id, source, source_id, digest)
VALUES (:task_id, :source, :source_id, :digest);
