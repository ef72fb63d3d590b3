-- glance_beat.sql. The one run that a session holds, if a plain heartbeat has nothing to write or to tell: it is the
-- worker's only and newest one, not due, nothing has come in, and no other worker holds a run through a process above.
SELECT runs.id, runs.task_id, runs.lease_until_ms
  FROM workers JOIN runs ON runs.worker_id = workers.id
 WHERE workers.key = :root AND workers.several = 0
   AND runs.ended_at_ms IS NULL AND runs.lease_boot = :boot AND runs.lease_until_ms > :least
   AND runs.id = (SELECT MAX(id) FROM runs AS mine WHERE mine.worker_id = workers.id)
   AND (SELECT COUNT(*) FROM runs AS mine WHERE mine.worker_id = workers.id AND mine.ended_at_ms IS NULL) = 1
   AND NOT EXISTS (SELECT 1 FROM messages
                    WHERE messages.task_id = runs.task_id AND messages.id > runs.seen_message
                      AND (messages.worker_id IS NULL OR messages.worker_id <> workers.id))
   AND NOT EXISTS (SELECT 1 FROM runs AS other JOIN workers AS others ON others.id = other.worker_id
                    WHERE other.ended_at_ms IS NULL AND other.boot_id = :boot AND other.worker_id <> workers.id
                      AND (others.key < :root || '#' OR others.key > :root || '$')
                      AND (other.pid IN (SELECT value FROM json_each(:above))
                           OR other.client_pid IN (SELECT value FROM json_each(:above))));
