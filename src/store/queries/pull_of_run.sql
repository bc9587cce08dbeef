-- In the order in which they began.
select
    pull_id, run_id, source, stream, entities, started_at, finished_at, state, sealed,
    row_count, landed_count, rejected_count, reported_count, listed_count, reason
from pulls
where run_id = $1
order by started_at, pull_id
