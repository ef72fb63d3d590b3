SELECT id FROM workers WHERE key = :key;
