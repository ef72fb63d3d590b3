SELECT MAX(id) FROM runs WHERE worker_id = :worker_id;
