-- The decisions that stood at an instant: the newest of each payment.
select decision_id, payment, currency, decided_at, actor, reason, replaces, parts
from cash_decisions
where
    sequence in (
        select max(sequence)
        from cash_decisions
        where decided_at <= $1
        group by payment
    )
order by payment
