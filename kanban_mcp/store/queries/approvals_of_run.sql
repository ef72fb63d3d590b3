-- approvals_of_run.sql. Through its task: `approvals_task` finds these few.
SELECT * FROM approvals
 WHERE task_id = (SELECT task_id FROM runs WHERE id = :run_id) AND run_id = :run_id
 ORDER BY id DESC LIMIT 20;
