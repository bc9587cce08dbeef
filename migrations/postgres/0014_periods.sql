-- The lives of periods: every move between open, closed and locked, and what each close kept. A
-- period without a move is open. Neither a move nor what a close kept is ever changed or removed.
create table period_moves (
    sequence bigint generated always as identity primary key,
    period text collate "C" not null,
    happened_at text collate "C" not null,
    from_state text collate "C" not null,
    to_state text collate "C" not null,
    actor text collate "C" not null,
    approver text collate "C",
    reason text collate "C",
    forced boolean not null,
    tax_filed boolean not null,
    close_id text collate "C"
);

create index period_moves_period on period_moves (period, sequence);

create table period_closes (
    close_id text collate "C" not null primary key,
    period text collate "C" not null,
    version bigint not null,
    closed_at text collate "C" not null,
    as_of text collate "C" not null,
    run_id text collate "C" not null,
    rules_version text collate "C" not null,
    tolerance_version text collate "C" not null,
    rates_version text collate "C" not null,
    input_digest text collate "C" not null,
    inputs text collate "C" not null,
    checks text collate "C" not null,
    figures text collate "C" not null,
    items text collate "C" not null,
    unique (period, version)
);

create trigger period_moves_no_change before update or delete on period_moves
    for each row execute function refuse_change();
create trigger period_moves_no_truncate before truncate on period_moves
    for each statement execute function refuse_change();

create trigger period_closes_no_change before update or delete on period_closes
    for each row execute function refuse_change();
create trigger period_closes_no_truncate before truncate on period_closes
    for each statement execute function refuse_change();
