INSERT INTO things (name) VALUES (:name)
