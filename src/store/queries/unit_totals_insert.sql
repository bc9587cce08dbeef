-- `place` keeps the order in which the engine gave them.
insert into unit_totals (
    reconciliation_id, place, account, account_name, branch, currency, units, discrepant,
    compared_value, expected_value, billed_value, discrepant_value, timing, timing_value,
    unknown, unknown_value, within_tolerance, within_tolerance_net
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
