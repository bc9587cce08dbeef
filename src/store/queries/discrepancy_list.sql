-- The conditions of the filter are put in behind `where true`, each only when it is asked for, so
-- that the indexes serve.
select
    id, fingerprint, rule, period, kind, state, account, account_name, branch, sku, currency,
    field, expected, actual, unit_expected, unit_actual, impact, outstanding, recovered,
    annualised, severity, estimated, ambiguous, secondary, linked_id, owner, waiting_on, code,
    proposed_by, sides, rules_version, opened_run, last_run, opened_at, resolved_at, ended_at,
    updated_at, unit_worth, candidates
from discrepancies
where true
order by opened_at, id
