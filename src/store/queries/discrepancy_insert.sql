-- A new item; where one stands under its id already, nothing is written, and the count tells.
insert into discrepancies (
    id, fingerprint, rule, period, kind, state, account, account_name, branch, sku, currency,
    field, expected, actual, unit_expected, unit_actual, impact, outstanding, recovered,
    annualised, severity, estimated, ambiguous, secondary, linked_id, owner, waiting_on, code,
    proposed_by, sides, rules_version, opened_run, last_run, opened_at, resolved_at, ended_at,
    updated_at, unit_worth, candidates
)
values (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38,
    $39
)
on conflict (id) do nothing
