SELECT several FROM workers WHERE id = :id;
