-- working_siblings.sql. Tasks under the same parent that somebody works on now.
SELECT DISTINCT tasks.id, tasks.title, runs.role, runs.note
  FROM links AS own JOIN links AS other ON other.parent_id = own.parent_id AND other.relation = 'part_of'
  JOIN tasks ON tasks.id = other.child_id JOIN runs ON runs.id = tasks.run_id
 WHERE own.child_id = :id AND own.relation = 'part_of' AND tasks.id <> :id
 ORDER BY tasks.id LIMIT :limit;
