-- was_claimed.sql. Whether a run was opened by its worker's own claim, not for a process to come.
SELECT EXISTS (SELECT 1 FROM events WHERE task_id = :task_id AND run_id = :run_id AND kind = 'claimed');
