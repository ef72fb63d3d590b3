-- has_just_heard.sql. Has the run called nothing else since it was told of this decision? Then it may be told again.
SELECT EXISTS (
    SELECT 1 FROM events AS heard
     WHERE heard.task_id = :task_id AND heard.run_id = :run_id AND heard.kind = 'approval_heard'
       AND json_extract(heard.data, '$.request') = :request AND heard.at_ms >= :since_ms
       AND NOT EXISTS (SELECT 1 FROM events AS later
                        WHERE later.task_id = :task_id AND later.run_id = :run_id AND later.id > heard.id
                          AND later.kind <> 'approval_heard'));
