SELECT * FROM links WHERE (child_id, parent_id) > (:child_id, :parent_id) ORDER BY child_id, parent_id LIMIT :limit;
