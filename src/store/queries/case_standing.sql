-- Only a change of state or level is worth an entry in the audit trail.
select invoice, state, level
from cases
where invoice in (
    values ($1)
)
