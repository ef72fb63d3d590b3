-- glance.sql. What a session has to do with the board, for a hook that most often has nothing to do: does it hold a
-- run, is one of them due for a beat or its task for a message, was the newest run of one of its workers closed by
-- others, and has it not been told? Its workers: the session's own by either name, its sub-agents' (see has_dealt.sql),
-- and whoever holds a run through a process above us.
WITH ours(id) AS (
    SELECT id FROM workers
     WHERE key IN (:root, :other)
        OR (key > :root || '#' AND key < :root || '$') OR (key > :other || '#' AND key < :other || '$')
    UNION
    SELECT worker_id FROM runs
     WHERE ended_at_ms IS NULL AND boot_id = :boot
       AND (pid IN (SELECT value FROM json_each(:above)) OR client_pid IN (SELECT value FROM json_each(:above)))
), held AS (
    SELECT runs.* FROM runs WHERE runs.worker_id IN (SELECT id FROM ours) AND runs.ended_at_ms IS NULL
)
SELECT EXISTS (SELECT 1 FROM held) AS holds,
       EXISTS (SELECT 1 FROM held
                WHERE lease_boot <> :boot OR lease_until_ms <= :least
                   OR EXISTS (SELECT 1 FROM messages
                               WHERE messages.task_id = held.task_id AND messages.id > held.seen_message
                                 AND (messages.worker_id IS NULL OR messages.worker_id <> held.worker_id))) AS is_due,
       EXISTS (SELECT 1 FROM ours
                 JOIN runs ON runs.id = (SELECT MAX(id) FROM runs WHERE worker_id = ours.id)
                WHERE runs.ended_at_ms IS NOT NULL AND runs.ended_by <> 'self'
                  AND NOT EXISTS (SELECT 1 FROM events
                                   WHERE events.task_id = runs.task_id AND events.run_id = runs.id
                                     AND events.kind = 'told')) AS has_lost;
