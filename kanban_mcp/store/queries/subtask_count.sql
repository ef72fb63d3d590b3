SELECT COUNT(*) FROM links WHERE parent_id = :parent_id AND relation = 'part_of';
