-- Appended, never changed.
insert into cash_decisions (
    decision_id, payment, currency, decided_at, actor, reason, replaces, parts
)
values ($1, $2, $3, $4, $5, $6, $7, $8)
