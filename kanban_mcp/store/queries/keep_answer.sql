UPDATE runs SET answer = :answer, verb = CASE WHEN :verb = '' THEN verb ELSE :verb END WHERE id = :id;
