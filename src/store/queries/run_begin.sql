-- A fire that was begun before, or a run of the job that is under way, meets one of the
-- two unique indexes, and nothing is written.
insert into runs (
    run_id, job, fire_at, started_at, state, owner, lease_until
)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict do nothing
