-- What a close keeps is written once: a close after a reopening is a further version.
insert into period_closes (
    close_id, period, version, closed_at, as_of, run_id, rules_version, tolerance_version,
    rates_version, input_digest, inputs, checks, figures, items
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
