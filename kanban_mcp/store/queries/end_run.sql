-- end_run.sql. Only an open run can be ended, and only once (a trigger repeats it).
UPDATE runs
   SET ended_at_ms = :at_ms, outcome = :outcome, counted = :counted, ended_by = :ended_by, verb = :verb,
       summary = :summary, metadata = :metadata, evidence = :evidence, checks = :checks,
       result_commit = :result_commit, error = :error
 WHERE id = :id AND ended_at_ms IS NULL;
