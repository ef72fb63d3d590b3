INSERT INTO approvals (id, task_id, run_id, summary, context, irreversible, revision, digest, state, asked_at_ms,
        park_mono_ms, expires_at_ms, decided_at_ms, decided_by, note, used_by_run)
VALUES (:id, :task_id, :run_id, :summary, :context, :irreversible, :revision, :digest, :state, :asked_at_ms,
        :park_mono_ms, :expires_at_ms, :decided_at_ms, :decided_by, :note, :used_by_run);
