UPDATE things SET amount = amount + :by RETURNING id
