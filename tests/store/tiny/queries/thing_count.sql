SELECT count(*) FROM things
