DELETE FROM links WHERE child_id = :child_id AND parent_id = :parent_id;
