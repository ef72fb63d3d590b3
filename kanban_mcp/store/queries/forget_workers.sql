-- forget_workers.sql. On a board without tasks nothing refers to them.
DELETE FROM workers;
