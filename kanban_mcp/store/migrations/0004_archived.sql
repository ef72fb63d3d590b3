-- How many tasks of each state are archived, kept by triggers like the counts themselves: columns of the board hide them,
-- and a number above a column that counts cards nobody sees is a lie. History is never counted.
ALTER TABLE state_counts ADD COLUMN archived INTEGER NOT NULL DEFAULT 0 CHECK (archived >= 0);
UPDATE state_counts
   SET archived = (SELECT COUNT(*) FROM tasks
                    WHERE tasks.state = state_counts.state AND tasks.archived_at_ms IS NOT NULL);
CREATE TRIGGER tasks_archived_in AFTER INSERT ON tasks WHEN new.archived_at_ms IS NOT NULL BEGIN
    UPDATE state_counts SET archived = archived + 1 WHERE state = new.state;
END;
CREATE TRIGGER tasks_archived_over AFTER UPDATE OF state, archived_at_ms ON tasks
     WHEN old.archived_at_ms IS NOT NULL OR new.archived_at_ms IS NOT NULL BEGIN
    UPDATE state_counts SET archived = archived - 1 WHERE state = old.state AND old.archived_at_ms IS NOT NULL;
    UPDATE state_counts SET archived = archived + 1 WHERE state = new.state AND new.archived_at_ms IS NOT NULL;
END;
