INSERT INTO tasks (title, context, assignee, priority, state, waits_after, held, allowed, max_attempts, acceptance,
                   created_by, made_by_worker, made_by_run, created_at_ms, updated_at_ms)
VALUES (:title, :context, :assignee, :priority, :state, :waits_after, :held, :allowed, :max_attempts, :acceptance,
        :created_by, :made_by_worker, :made_by_run, :at_ms, :at_ms)
RETURNING *;
