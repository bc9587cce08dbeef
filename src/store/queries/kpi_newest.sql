-- The newest of each period.
select
    snapshot_id, scope, period, as_of, computed_at, run_id, body
from (
    select
        snapshot_id, scope, period, as_of, computed_at, run_id, body,
        row_number() over (
            partition by period order by computed_at desc, snapshot_id desc
        ) as age_rank
    from kpi_snapshots
    where scope = $1 and period >= $2 and period <= $3
) ranked
where age_rank = 1
order by period
