-- wrong_waits.sql. Live cards whose waits disagree with their links. `held` is compared one level deep: a wrong level
-- above is itself in the list, and its repair spreads.
SELECT id FROM tasks
 WHERE state IN ('triage', 'pending', 'ready', 'in_progress', 'awaiting_review', 'blocked', 'failed')
   AND (waits_after <> (SELECT COUNT(*) FROM links JOIN tasks AS parent ON parent.id = links.parent_id
                         WHERE links.child_id = tasks.id AND links.relation = 'after' AND parent.state <> 'done')
     OR waits_subtasks <> (SELECT COUNT(*) FROM links JOIN tasks AS child ON child.id = links.child_id
                            WHERE links.parent_id = tasks.id AND links.relation = 'part_of'
                              AND child.state NOT IN ('done', 'cancelled'))
     OR held <> (SELECT COUNT(*) > 0 AND SUM(parent.state NOT IN ('failed', 'cancelled')
                                             AND parent.waits_after = 0 AND parent.held = 0) = 0
                   FROM links JOIN tasks AS parent ON parent.id = links.parent_id
                  WHERE links.child_id = tasks.id AND links.relation = 'part_of'))
 ORDER BY id LIMIT :limit;
