-- moves_after.sql. What happened to tasks from one event on, newest first: every line but those that move nothing.
SELECT id, task_id, run_id, kind, actor, at_ms, data FROM events
 WHERE id >= :first AND task_id IS NOT NULL
   AND kind NOT IN ('note', 'commented', 'edited', 'linked', 'unlinked', 'adopted', 'approval_heard', 'archived')
 ORDER BY id DESC LIMIT :limit;
