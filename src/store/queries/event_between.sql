-- Half-open, so that windows that touch share nothing.
select
    discrepancy_id, happened_at, actor, action, from_state, to_state, code, note, run_id, worth
from discrepancy_events
where happened_at >= $1 and happened_at < $2
order by happened_at, sequence
