-- Failed ones count: they say that a source could not be read.
select
    pull_id, run_id, source, stream, entities, started_at, finished_at, state, sealed,
    row_count, landed_count, rejected_count, reported_count, listed_count, reason
from (
    select
        pull_id, run_id, source, stream, entities, started_at, finished_at, state, sealed,
        row_count, landed_count, rejected_count, reported_count, listed_count, reason,
        row_number() over (
            partition by source, stream order by started_at desc, pull_id desc
        ) as age_rank
    from pulls
    where started_at <= $1
) ranked
where age_rank = 1
order by source, stream
