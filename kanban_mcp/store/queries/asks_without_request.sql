-- asks_without_request.sql. Cards that wait for a decision which nobody can make.
SELECT tasks.* FROM tasks
 WHERE tasks.state = 'awaiting_review' AND tasks.kind IN ('asking', 'parked')
   AND NOT EXISTS (SELECT 1 FROM approvals WHERE approvals.task_id = tasks.id AND approvals.state = 'pending')
 ORDER BY tasks.id LIMIT :limit;
