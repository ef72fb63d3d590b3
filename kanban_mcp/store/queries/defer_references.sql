-- defer_references.sql. Rows of a whole board refer to each other both ways: tasks to runs, runs to tasks. SQLite looks
-- at the commit.
PRAGMA defer_foreign_keys = ON;
