-- What people decided of payments: which invoices a payment is for, and how much of it for each. The
-- newest decision of a payment stands, and rules leave such a payment alone. None is ever changed or
-- removed.
create table cash_decisions (
    sequence integer not null primary key autoincrement,
    decision_id text not null unique,
    payment text not null,
    currency text not null,
    decided_at text not null,
    actor text not null,
    reason text,
    replaces text,
    parts text not null
) strict;

create index cash_decisions_payment on cash_decisions (payment, sequence);

create trigger cash_decisions_no_update before update on cash_decisions
begin
    select raise(abort, 'cash_decisions is append-only');
end;

create trigger cash_decisions_no_delete before delete on cash_decisions
begin
    select raise(abort, 'cash_decisions is append-only');
end;
