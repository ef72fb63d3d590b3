SELECT amount FROM things WHERE name = :name
