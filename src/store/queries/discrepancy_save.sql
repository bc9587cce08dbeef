-- The item whole, new or not; its id is all that can never change.
insert into discrepancies (
    id, fingerprint, rule, period, kind, state, account, account_name, branch, sku, currency,
    field, expected, actual, unit_expected, unit_actual, impact, outstanding, recovered,
    annualised, severity, estimated, ambiguous, secondary, linked_id, owner, waiting_on, code,
    proposed_by, sides, rules_version, opened_run, last_run, opened_at, resolved_at, ended_at,
    updated_at
)
values (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37
)
on conflict (id) do update set
    fingerprint = excluded.fingerprint,
    rule = excluded.rule,
    period = excluded.period,
    kind = excluded.kind,
    state = excluded.state,
    account = excluded.account,
    account_name = excluded.account_name,
    branch = excluded.branch,
    sku = excluded.sku,
    currency = excluded.currency,
    field = excluded.field,
    expected = excluded.expected,
    actual = excluded.actual,
    unit_expected = excluded.unit_expected,
    unit_actual = excluded.unit_actual,
    impact = excluded.impact,
    outstanding = excluded.outstanding,
    recovered = excluded.recovered,
    annualised = excluded.annualised,
    severity = excluded.severity,
    estimated = excluded.estimated,
    ambiguous = excluded.ambiguous,
    secondary = excluded.secondary,
    linked_id = excluded.linked_id,
    owner = excluded.owner,
    waiting_on = excluded.waiting_on,
    code = excluded.code,
    proposed_by = excluded.proposed_by,
    sides = excluded.sides,
    rules_version = excluded.rules_version,
    opened_run = excluded.opened_run,
    last_run = excluded.last_run,
    opened_at = excluded.opened_at,
    resolved_at = excluded.resolved_at,
    ended_at = excluded.ended_at,
    updated_at = excluded.updated_at
