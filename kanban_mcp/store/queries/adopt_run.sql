-- adopt_run.sql. A new server process of the same session speaks for the run from now on.
UPDATE runs
   SET pid = :pid, pid_started = :pid_started, host = :host, boot_id = :boot_id,
       client_pid = :client_pid, client_started = :client_started
 WHERE id = :id AND ended_at_ms IS NULL;
