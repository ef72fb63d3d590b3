UPDATE runs SET seen_message = :seen WHERE id = :id AND seen_message < :seen;
