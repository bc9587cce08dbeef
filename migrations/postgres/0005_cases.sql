-- Collection cases: one per invoice that is or was past due.
create table cases (
    invoice text collate "C" not null primary key,
    number text collate "C" not null,
    account text collate "C" not null,
    state text collate "C" not null,
    level bigint not null,
    days_past_due bigint not null,
    currency text collate "C" not null,
    open bigint not null,
    eligible bigint not null,
    last_step_on text collate "C",
    action text collate "C" not null,
    hold_reason text collate "C",
    evaluated_on text collate "C" not null,
    updated_at text collate "C" not null
);

create index cases_account on cases (account, invoice);
