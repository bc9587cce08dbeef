-- The decision of a payment that stands.
select decision_id
from cash_decisions
where payment = $1
order by sequence desc
limit 1
