-- set_several.sql. Once two runs were held at a time, calls name their task until none is held (DESIGN §5).
UPDATE workers SET several = :several WHERE id = :worker_id AND several <> :several;
