-- Only what was known last is of use.
insert into budgets (
    budget, paid_at, not_before, reason, saved_at
)
values ($1, $2, $3, $4, $5)
on conflict (budget) do update set
    paid_at = excluded.paid_at,
    not_before = excluded.not_before,
    reason = excluded.reason,
    saved_at = excluded.saved_at
