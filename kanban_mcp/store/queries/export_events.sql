-- export_events.sql. That a board has got its key is told on that board only.
SELECT * FROM events WHERE id > :after AND kind <> 'operator_key_made' ORDER BY id LIMIT :limit;
