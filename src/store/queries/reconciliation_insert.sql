-- A reconcile is written once.
insert into reconciliations (
    reconciliation_id, run_id, rule, period, made_at, as_of, rules_version, input_digest,
    blind_sources, completeness, undecided_units
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
