SELECT * FROM approvals WHERE id > :after ORDER BY id LIMIT :limit;
