SELECT COUNT(*) FROM links WHERE child_id = :child_id;
