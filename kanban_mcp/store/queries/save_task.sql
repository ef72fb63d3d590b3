-- save_task.sql. Compare-and-swap on state, kind and run: a writer that looked at an older task changes nothing.
-- The waits are not written here; only the ripple moves them.
UPDATE tasks
   SET title = :title, context = :context, assignee = :assignee, priority = :priority,
       state = :state, kind = :kind, run_id = :run_id, due_at_ms = :due_at_ms,
       due_from_ms = :due_from_ms,
       blocked = :blocked, person_only = :person_only,
       counted = :counted, allowed = :allowed, max_attempts = :max_attempts,
       snoozes = :snoozes, blocks = :blocks, agent_retries = :agent_retries,
       made_subtasks = :made_subtasks, made_tasks = :made_tasks,
       acceptance = :acceptance, verify = :verify, review = :review,
       reopened_base = :reopened_base, revision = :revision,
       updated_at_ms = :updated_at_ms, ended_at_ms = :ended_at_ms, archived_at_ms = :archived_at_ms
 WHERE id = :id AND state = :was_state AND kind = :was_kind AND run_id IS :was_run;
