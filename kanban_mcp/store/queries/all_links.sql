SELECT child_id, parent_id, relation FROM links ORDER BY child_id, parent_id;
