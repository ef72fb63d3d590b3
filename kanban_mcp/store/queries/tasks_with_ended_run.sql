-- tasks_with_ended_run.sql. Cards that show work which no run does.
SELECT tasks.* FROM tasks JOIN runs ON runs.id = tasks.run_id
 WHERE tasks.state IN ('in_progress', 'awaiting_review') AND runs.ended_at_ms IS NOT NULL
 ORDER BY tasks.id LIMIT :limit;
