-- What was last said by an instant.
select
    reconciliation_id, run_id, rule, period, made_at, as_of, rules_version, input_digest,
    blind_sources, completeness, undecided_units
from reconciliations
where rule = $1 and period = $2 and made_at <= $3
order by made_at desc, reconciliation_id desc
limit 1
