UPDATE things SET amount = amount + :by WHERE name = :name
