UPDATE board SET paused = :paused;
