-- requests_without_ask.sql. Open requests of cards that do not ask; the next request would collide with them.
SELECT approvals.* FROM approvals JOIN tasks ON tasks.id = approvals.task_id
 WHERE approvals.state = 'pending' AND tasks.kind NOT IN ('asking', 'parked')
 ORDER BY approvals.task_id LIMIT :limit;
