-- board_holds.sql. What would stand in the way of another board's rows.
SELECT (SELECT COUNT(*) FROM tasks) AS tasks, (SELECT COUNT(*) FROM idempotency) AS answers;
