-- The payments that had waited by an instant.
select payment, waits_since, ended_at, is_first_pass
from cash_waits
where waits_since <= $1
order by payment
