-- newest_events.sql. The last lines of the change feed, oldest first.
SELECT * FROM (SELECT * FROM events ORDER BY id DESC LIMIT :limit) ORDER BY id;
