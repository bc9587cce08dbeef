-- The history of one item.
select
    discrepancy_id, happened_at, actor, action, from_state, to_state, code, note, run_id, worth
from discrepancy_events
where discrepancy_id = $1
order by sequence
