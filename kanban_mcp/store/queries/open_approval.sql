SELECT * FROM approvals WHERE task_id = :task_id AND state = 'pending';
