-- Where else the same errors stood. What was no error, or cleared itself as timing, did not.
select id, fingerprint, period
from discrepancies
where fingerprint in (
    values ($1)
)
    and not (state = 'dismissed' and coalesce(code, '') in ('false_positive', 'duplicate_item'))
    and not (state = 'self_cleared' and coalesce(code, '') = 'timing')
order by fingerprint, period, id
