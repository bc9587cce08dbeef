-- In the order in which they were done.
select step from checkpoints where job_key = $1 order by done_at, step
