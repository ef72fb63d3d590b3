-- take_over_run.sql. The process that the run was opened for speaks up.
UPDATE runs
   SET worker_id = :worker_id, pid = :pid, pid_started = :pid_started, host = :host, boot_id = :boot_id,
       client_pid = :client_pid, client_started = :client_started
 WHERE id = :id AND ended_at_ms IS NULL;
