-- close_approval.sql. A request is closed once (a trigger repeats it).
UPDATE approvals
   SET state = :state, decided_at_ms = :at_ms, decided_by = :by, note = :note
 WHERE id = :id AND state = 'pending';
