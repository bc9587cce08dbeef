-- Every move of every period, in the order in which they were made.
select
    period, happened_at, from_state, to_state, actor, approver, reason, forced, tax_filed, close_id
from period_moves
order by sequence
