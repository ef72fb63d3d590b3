-- use_approval.sql. A decision is used by one run; the same run may hear it again after a lost reply.
UPDATE approvals SET used_by_run = :run_id WHERE id = :id AND used_by_run IS NULL;
