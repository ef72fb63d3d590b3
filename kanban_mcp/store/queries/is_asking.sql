SELECT EXISTS (SELECT 1 FROM approvals JOIN tasks ON tasks.id = approvals.task_id
                WHERE approvals.id = :id AND approvals.state = 'pending' AND tasks.kind = 'asking'
                  AND tasks.run_id = approvals.run_id);
