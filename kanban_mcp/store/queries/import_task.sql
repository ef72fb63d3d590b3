-- import_task.sql. A task from elsewhere, with its own times and its waits already counted.
INSERT INTO tasks (title, context, assignee, priority, state, waits_after, waits_subtasks, held, due_at_ms, allowed,
                   max_attempts, created_by, made_by_worker, created_at_ms, updated_at_ms, ended_at_ms)
VALUES (:title, :context, :assignee, :priority, :state, :waits_after, :waits_subtasks, :held, :due_at_ms, :allowed,
        :max_attempts, :created_by, :made_by_worker, :created_at_ms, :updated_at_ms, :ended_at_ms)
RETURNING id;
