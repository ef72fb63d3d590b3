SELECT * FROM approvals WHERE run_id = :run_id ORDER BY id DESC LIMIT 20;
