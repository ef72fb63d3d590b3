-- state_counts.sql. Kept by triggers; history is never counted. `archived` is a part of `n`.
SELECT state, n, archived FROM state_counts
 ORDER BY CASE state WHEN 'triage' THEN 0 WHEN 'pending' THEN 1 WHEN 'ready' THEN 2 WHEN 'in_progress' THEN 3
                     WHEN 'awaiting_review' THEN 4 WHEN 'blocked' THEN 5 WHEN 'done' THEN 6 WHEN 'failed' THEN 7
                     ELSE 8 END;
