-- insert_run.sql. `runs_open` lets only one open run stand per task: the last guard against a double claim.
INSERT INTO runs (task_id, worker_id, attempt, role, session, pid, pid_started, host, boot_id, client_pid,
                  client_started, workdir, branch, base, isolated, started_at_ms, beat_at_ms, lease_until_ms, lease_boot)
VALUES (:task_id, :worker_id, :attempt, :role, :session, :pid, :pid_started, :host, :boot_id, :client_pid,
        :client_started, :workdir, :branch, :base, :isolated, :at_ms, :at_ms, :lease_until_ms, :lease_boot)
RETURNING id;
