-- last_unused_decision.sql. A decision made while nobody waited; the next run has to see it.
SELECT * FROM approvals
 WHERE task_id = :task_id AND state IN ('approved', 'rejected') AND used_by_run IS NULL
 ORDER BY id DESC LIMIT 1;
