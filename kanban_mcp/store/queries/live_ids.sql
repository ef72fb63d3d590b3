SELECT id FROM tasks
 WHERE state IN ('triage', 'pending', 'ready', 'in_progress', 'awaiting_review', 'blocked', 'failed')
   AND archived_at_ms IS NULL
 ORDER BY id LIMIT :limit;
