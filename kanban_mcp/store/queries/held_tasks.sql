-- held_tasks.sql. What is being worked on, oldest run first. Reads open runs only.
SELECT task_id FROM runs WHERE ended_at_ms IS NULL ORDER BY id;
