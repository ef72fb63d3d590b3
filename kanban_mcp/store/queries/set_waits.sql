-- set_waits.sql. The queue rule for one task whose waits were counted anew.
UPDATE tasks
   SET waits_after = :waits_after, waits_subtasks = :waits_subtasks, held = :held,
       state = CASE WHEN state NOT IN ('pending', 'ready') THEN state
                    WHEN :waits_after + :waits_subtasks + :held > 0 THEN 'pending' ELSE 'ready' END
 WHERE id = :id
RETURNING id, state, waits_after, waits_subtasks, held;
