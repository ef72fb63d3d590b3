-- shift_part_of_parents.sql. A subtask was closed (-1) or is open again (+1) for the tasks it is part of.
UPDATE tasks
   SET waits_subtasks = waits_subtasks + :delta,
       state = CASE WHEN state NOT IN ('pending', 'ready') THEN state
                    WHEN unmet + :delta > 0 THEN 'pending' ELSE 'ready' END
 WHERE id IN (SELECT parent_id FROM links WHERE child_id = :child_id AND relation = 'part_of')
RETURNING id, state, waits_after, waits_subtasks, held;
