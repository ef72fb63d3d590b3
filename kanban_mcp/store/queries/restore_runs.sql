INSERT INTO runs (id, task_id, worker_id, attempt, role, harness, session, pid, pid_started, host, boot_id,
        client_pid, client_started, workdir, branch, base, isolated, started_at_ms, beat_at_ms,
        lease_until_ms, lease_boot, note, seen_message, ended_at_ms, outcome, counted, ended_by, verb,
        answer, summary, metadata, evidence, checks, result_commit, error, exit_code, log_tail, tokens,
        cost_usd)
VALUES (:id, :task_id, :worker_id, :attempt, :role, :harness, :session, :pid, :pid_started, :host, :boot_id,
        :client_pid, :client_started, :workdir, :branch, :base, :isolated, :started_at_ms, :beat_at_ms,
        :lease_until_ms, :lease_boot, :note, :seen_message, :ended_at_ms, :outcome, :counted, :ended_by,
        :verb, :answer, :summary, :metadata, :evidence, :checks, :result_commit, :error, :exit_code,
        :log_tail, :tokens, :cost_usd);
