-- What one close kept.
select
    close_id, period, version, closed_at, as_of, run_id, rules_version, tolerance_version,
    rates_version, input_digest, inputs, checks, figures, items
from period_closes
where close_id = $1
