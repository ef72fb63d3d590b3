SELECT MAX(runs.id) FROM runs JOIN workers ON workers.id = runs.worker_id WHERE workers.key = :worker_key;
