SELECT * FROM approvals WHERE id = :id;
