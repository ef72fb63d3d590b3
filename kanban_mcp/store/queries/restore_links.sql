INSERT INTO links (child_id, parent_id, relation)
VALUES (:child_id, :parent_id, :relation);
