-- messages_of_kind.sql. The newest comments, or the newest of everything that binds (answers, decisions, findings).
SELECT id, kind, author, re, body, at_ms FROM messages
 WHERE task_id = :task_id AND (kind = 'comment') = :is_comment
 ORDER BY id DESC LIMIT :limit;
