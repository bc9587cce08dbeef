-- The newest first, of one job or of all.
select
    run_id, job, fire_at, started_at, finished_at, state, owner, lease_until, summary, error
from runs
where cast($1 as text) is null or job = $1
order by started_at desc, run_id desc
limit $2
