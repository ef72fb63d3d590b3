SELECT id, name, amount, parent FROM things ORDER BY id
