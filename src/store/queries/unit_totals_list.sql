-- In the order in which the engine gave them.
select
    reconciliation_id, place, account, account_name, branch, currency, units, discrepant,
    compared_value, expected_value, billed_value, discrepant_value, timing, timing_value,
    unknown, unknown_value, within_tolerance, within_tolerance_net
from unit_totals
where reconciliation_id = $1
order by place
