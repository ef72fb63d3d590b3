INSERT INTO tasks (id, title, context, assignee, priority, state, kind, run_id, waits_after, waits_subtasks, held,
        due_at_ms, due_from_ms, blocked, person_only, counted, allowed, max_attempts, snoozes, blocks,
        agent_retries, made_subtasks, made_tasks, acceptance, verify, review, reopened_base, revision,
        created_by, made_by_worker, made_by_run, created_at_ms, updated_at_ms, ended_at_ms, archived_at_ms)
VALUES (:id, :title, :context, :assignee, :priority, :state, :kind, :run_id, :waits_after, :waits_subtasks,
        :held, :due_at_ms, :due_from_ms, :blocked, :person_only, :counted, :allowed, :max_attempts,
        :snoozes, :blocks, :agent_retries, :made_subtasks, :made_tasks, :acceptance, :verify, :review,
        :reopened_base, :revision, :created_by, :made_by_worker, :made_by_run, :created_at_ms,
        :updated_at_ms, :ended_at_ms, :archived_at_ms);
