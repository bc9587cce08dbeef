-- Appended, never changed.
insert into period_moves (
    period, happened_at, from_state, to_state, actor, approver, reason, forced, tax_filed, close_id
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
