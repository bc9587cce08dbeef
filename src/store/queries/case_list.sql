-- All, or of one account.
select
    invoice, number, account, state, level, days_past_due, currency, open, eligible,
    last_step_on, action, hold_reason, evaluated_on, updated_at
from cases
where cast($1 as text) is null or account = $1
order by account, invoice
