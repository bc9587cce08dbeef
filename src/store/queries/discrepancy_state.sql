-- What the changes claim to start from is compared with this.
select id, state, owner, waiting_on, code, opened_run
from discrepancies
where id in (
    values ($1)
)
