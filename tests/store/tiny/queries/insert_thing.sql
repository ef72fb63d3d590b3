-- insert_thing.sql. Add one.
INSERT INTO things (name, amount, parent) VALUES (:name, :amount, :parent) RETURNING id;
