SELECT * FROM approvals
 WHERE task_id = :task_id AND revision = :revision AND state IN ('approved', 'rejected')
 ORDER BY id DESC LIMIT 20;
