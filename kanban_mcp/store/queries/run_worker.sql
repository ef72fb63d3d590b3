SELECT worker_id FROM runs WHERE id = :id;
