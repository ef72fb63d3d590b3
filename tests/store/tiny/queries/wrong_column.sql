SELECT nonsense FROM things
