-- parents_with_results.sql. Parents with what their last run handed in; open ones first, then the newest results.
SELECT tasks.id, tasks.title, tasks.state, tasks.ended_at_ms, links.relation,
       runs.summary, runs.metadata, runs.result_commit
  FROM links JOIN tasks ON tasks.id = links.parent_id
  LEFT JOIN runs ON runs.id = (SELECT MAX(last.id) FROM runs AS last
                                WHERE last.task_id = tasks.id AND last.outcome IN ('done', 'submitted'))
 WHERE links.child_id = :child_id
 ORDER BY tasks.state = 'done', tasks.ended_at_ms DESC, tasks.id DESC LIMIT :limit;
