-- closed_approvals.sql. The newest answers to what was asked on a task.
SELECT * FROM approvals
 WHERE task_id = :task_id AND state IN ('approved', 'rejected', 'expired')
 ORDER BY id DESC LIMIT 20;
