-- held_tasks.sql. What is being worked on, by task. Walks `runs_open`, which holds open runs only.
SELECT task_id FROM runs WHERE ended_at_ms IS NULL ORDER BY task_id;
