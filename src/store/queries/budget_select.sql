-- What is left, as the last process knew it.
select budget, paid_at, not_before, reason, saved_at from budgets where budget = $1
