-- The job is complete; its next turn begins anew.
delete from checkpoints where job_key = $1
