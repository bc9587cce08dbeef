-- A step that was done twice is done.
insert into checkpoints (
    job_key, step, done_at
)
values ($1, $2, $3)
on conflict (job_key, step) do nothing
