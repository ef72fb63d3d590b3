-- uncount_run.sql. A worker that was only silent takes its task up again: that reclaim was no attempt (DESIGN §5).
UPDATE runs SET counted = 0 WHERE id = :id AND outcome = 'reclaimed';
