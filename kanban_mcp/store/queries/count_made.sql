UPDATE tasks SET made_tasks = made_tasks + 1, made_subtasks = made_subtasks + :subtasks WHERE id = :id;
