-- shift_after_children.sql. A parent became done (-1) or is no longer (+1): its `after` children wait for one less or
-- more. Counter and state move in one statement, because the schema refuses a ready task with an unmet wait.
UPDATE tasks
   SET waits_after = waits_after + :delta,
       state = CASE WHEN state NOT IN ('pending', 'ready') THEN state
                    WHEN unmet + :delta > 0 THEN 'pending' ELSE 'ready' END
 WHERE id IN (SELECT child_id FROM links WHERE parent_id = :parent_id AND relation = 'after')
RETURNING id, state, waits_after, waits_subtasks, held;
