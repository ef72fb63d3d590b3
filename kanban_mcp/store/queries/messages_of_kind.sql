-- messages_of_kind.sql. The newest comments, or the newest of everything that binds (answers, decisions, findings).
SELECT id, kind, author, re, body, at_ms,
       (SELECT used_by_run FROM approvals
         WHERE approvals.task_id = messages.task_id AND messages.kind = 'decision'
           AND state = 'approved' AND summary = re AND decided_at_ms = at_ms) AS used_by_run
  FROM messages
 WHERE task_id = :task_id AND (kind = 'comment') = :is_comment
 ORDER BY id DESC LIMIT :limit;
