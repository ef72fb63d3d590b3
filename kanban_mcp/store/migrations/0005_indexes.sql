-- One index finds the tasks of a state, whatever the state. A partial one over the live states served only queries that
-- repeated its whole list; the others read all of history.
DROP INDEX tasks_live;
CREATE INDEX tasks_state ON tasks (state, priority, id);

-- The state comes first, so that a claim never takes `tasks_state` for the better one.
DROP INDEX tasks_ready;
CREATE INDEX tasks_ready ON tasks (state, assignee, priority, id) WHERE state = 'ready';
