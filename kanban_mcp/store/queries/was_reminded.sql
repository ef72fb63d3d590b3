-- was_reminded.sql. A run is reminded of once, however often its session ends a turn.
SELECT EXISTS (SELECT 1 FROM events WHERE task_id = :task_id AND run_id = :run_id AND kind = 'reminded');
