-- When a wait began. A backoff or a snooze is a length of time, kept as a moment of the wall clock; with its beginning
-- beside it, a clock that was set back cannot make it longer. NULL for a date that somebody named.
ALTER TABLE tasks ADD COLUMN due_from_ms INTEGER;
