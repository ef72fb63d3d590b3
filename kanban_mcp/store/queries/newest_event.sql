SELECT MAX(id) FROM events;
