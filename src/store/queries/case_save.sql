-- New or not: the last evaluation stands.
insert into cases (
    invoice, number, account, state, level, days_past_due, currency, open, eligible,
    last_step_on, action, hold_reason, evaluated_on, updated_at
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
on conflict (invoice) do update set
    number = excluded.number,
    account = excluded.account,
    state = excluded.state,
    level = excluded.level,
    days_past_due = excluded.days_past_due,
    currency = excluded.currency,
    open = excluded.open,
    eligible = excluded.eligible,
    last_step_on = excluded.last_step_on,
    action = excluded.action,
    hold_reason = excluded.hold_reason,
    evaluated_on = excluded.evaluated_on,
    updated_at = excluded.updated_at
