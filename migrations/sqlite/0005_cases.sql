-- Collection cases: one per invoice that is or was past due.
create table cases (
    invoice text not null primary key,
    number text not null,
    account text not null,
    state text not null,
    level integer not null,
    days_past_due integer not null,
    currency text not null,
    open integer not null,
    eligible integer not null,
    last_step_on text,
    action text not null,
    hold_reason text,
    evaluated_on text not null,
    updated_at text not null
) strict;

create index cases_account on cases (account, invoice);
