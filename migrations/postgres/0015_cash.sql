-- What people decided of payments: which invoices a payment is for, and how much of it for each. The
-- newest decision of a payment stands, and rules leave such a payment alone. None is ever changed or
-- removed.
create table cash_decisions (
    sequence bigint generated always as identity primary key,
    decision_id text collate "C" not null unique,
    payment text collate "C" not null,
    currency text collate "C" not null,
    decided_at text collate "C" not null,
    actor text collate "C" not null,
    reason text collate "C",
    replaces text collate "C",
    parts text collate "C" not null
);

create index cash_decisions_payment on cash_decisions (payment, sequence);

create trigger cash_decisions_no_change before update or delete on cash_decisions
    for each row execute function refuse_change();
create trigger cash_decisions_no_truncate before truncate on cash_decisions
    for each statement execute function refuse_change();
