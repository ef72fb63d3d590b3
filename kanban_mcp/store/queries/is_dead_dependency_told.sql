SELECT EXISTS (SELECT 1 FROM events
                WHERE task_id = :task_id AND kind = 'dead_dependency' AND at_ms >= :since_ms
                  AND json_extract(data, '$.because') = :cause);
