SELECT id, name, amount, parent FROM things WHERE name = :name
