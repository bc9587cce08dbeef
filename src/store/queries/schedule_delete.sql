-- The job is not in the configuration any more.
delete from schedules where job = $1
