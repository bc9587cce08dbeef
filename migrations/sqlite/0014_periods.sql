-- The lives of periods: every move between open, closed and locked, and what each close kept. A
-- period without a move is open. Neither a move nor what a close kept is ever changed or removed.
create table period_moves (
    sequence integer not null primary key autoincrement,
    period text not null,
    happened_at text not null,
    from_state text not null,
    to_state text not null,
    actor text not null,
    approver text,
    reason text,
    forced integer not null check (forced in (0, 1)),
    tax_filed integer not null check (tax_filed in (0, 1)),
    close_id text
) strict;

create index period_moves_period on period_moves (period, sequence);

create table period_closes (
    close_id text not null primary key,
    period text not null,
    version integer not null,
    closed_at text not null,
    as_of text not null,
    run_id text not null,
    rules_version text not null,
    tolerance_version text not null,
    rates_version text not null,
    input_digest text not null,
    inputs text not null,
    checks text not null,
    figures text not null,
    items text not null,
    unique (period, version)
) strict;

create trigger period_moves_no_update before update on period_moves
begin
    select raise(abort, 'period_moves is append-only');
end;

create trigger period_moves_no_delete before delete on period_moves
begin
    select raise(abort, 'period_moves is append-only');
end;

create trigger period_closes_no_update before update on period_closes
begin
    select raise(abort, 'period_closes is append-only');
end;

create trigger period_closes_no_delete before delete on period_closes
begin
    select raise(abort, 'period_closes is append-only');
end;
