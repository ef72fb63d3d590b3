-- waits_for_a_planner.sql. What an orchestrator could move on and has not for a while: rough ideas, and questions that
-- need no person. Reads `tasks_state`.
SELECT id FROM tasks
 WHERE (state = 'triage' OR (state = 'blocked' AND person_only = 0)) AND updated_at_ms <= :before_ms
 ORDER BY id LIMIT :limit;
