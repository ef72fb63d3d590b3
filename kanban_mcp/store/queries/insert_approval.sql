INSERT INTO approvals (task_id, run_id, summary, context, irreversible, revision, digest, state, asked_at_ms,
                       park_mono_ms, expires_at_ms)
VALUES (:task_id, :run_id, :summary, :context, :irreversible, :revision, :digest, 'pending', :at_ms,
        :park_mono_ms, :expires_at_ms)
RETURNING id;
