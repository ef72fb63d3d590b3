-- last_unused_decision.sql. A decision made while nobody waited, on the task as it still reads; the next run sees it.
SELECT * FROM approvals
 WHERE task_id = :task_id AND revision = :revision AND state IN ('approved', 'rejected') AND used_by_run IS NULL
 ORDER BY id DESC LIMIT 1;
